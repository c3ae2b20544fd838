// Beside a server: what the page cannot answer itself, it asks its own origin, with the token of the address.

async function ask(what, question) {
  const token = new URLSearchParams(location.search).get("token") || "";
  try {
    const answer = await fetch(`/api/${what}`, {method: "POST", headers: {"Content-Type": "application/json", "X-Harness-Token": token}, body: JSON.stringify(question)});
    // A refusal of the server itself is a line of text.
    return answer.status === 200 || answer.status === 422 ? await answer.json() : {error: await answer.text()};
  } catch {
    return {error: "the server does not answer; was it stopped?"};
  }
}

// A button that is replaced by what it asked for.
function asking(text, what, question, show) {
  const box = make("div", {role: "status"}), button = make("button", {type: "button"}, text);
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = `${text} …`;
    const reply = await ask(what, question);
    box.replaceChildren(...(reply.error ? [make("p", {class: "notice"}, reply.error)] : show(reply.answer)));
  });
  box.append(button);
  return box;
}

// Offsets in the page count as browsers do; those of the server count characters.
const characters = (text, offset) => offset < 0 ? -1 : [...text.slice(0, offset)].length;

function servedParts(row) {
  if (!T.shows_text || !textOf(row)) return [];
  const text = textOf(row), party = valueOf("target", row);
  const parts = [];
  parts.push(make("h2", {}, "Nearest training sentences"), asking("find them", "neighbours", {text}, (found) => [make("ul", {class: "plain"}, ...found.map((row) =>
    make("li", {dir: "auto"}, row.text, make("span", {class: "soft"}, ` · ${[row.target, words(row.label), decimals(row.similarity, 2)].filter(Boolean).join(" · ")}`))))]));
  parts.push(make("h2", {}, "Try it"), make("button", {type: "button", onclick: () => tryIt(text, party)}, "change a word of it"));
  return parts;
}

// A button that asks for the words of one classifier.
function askWords(classifier, row) {
  const text = textOf(row), span = {start: characters(text, T.col.start[row]), end: characters(text, T.col.end[row])};
  return asking(classifier.name, "words", {text, party: valueOf("target", row), classifier: classifier.name, ...span}, (answer) => [make("h3", {}, classifier.name), wordList(answer)]);
}

function tryIt(text, party) {
  byId("try").open = true;
  byId("try-text").value = text;
  if (byId("try-party")) byId("try-party").value = party;
  byId("try-text").focus();
  label();
}

const earlier = new Map();
let asked = 0;
async function label() {
  const number = ++asked, box = byId("try-answers");
  const text = byId("try-text").value, party = byId("try-party") ? byId("try-party").value : "";
  if (!text.trim()) return;
  box.replaceChildren(make("p", {class: "soft small"}, earlier.size ? "labelling …" : "loading the models …"));
  const reply = await ask("label", {text, party});
  // Of two questions, the answer to the later counts.
  if (number !== asked) return;
  if (reply.error) { box.replaceChildren(make("p", {class: "notice"}, reply.error)); return; }
  box.replaceChildren(...reply.answer.map((answer) => answer.error ? make("section", {class: "said"}, make("h3", {}, answer.name), make("p", {class: "notice"}, answer.error)) : tried(answer)));
  for (const answer of reply.answer) if (!answer.error) earlier.set(answer.name, answer);
}

// A label with what it was for the sentence before.
function tried(answer) {
  const before = earlier.get(answer.name), moved = before && before.label !== answer.label;
  return make("section", {class: "said"}, make("h3", {}, answer.name),
    make("p", {class: "what"}, words(answer.label) || (answer.unsure === undefined || answer.abstain ? "no answer" : "no label"), answer.unsure ? make("span", {class: "soft"}, ` · unsure: ${words(answer.unsure)}`) : null, answer.abstain ? make("span", {class: "soft"}, " · abstains") : null, moved ? make("span", {class: "against"}, ` · was ${words(before.label)}`) : null),
    ...Object.entries(answer.proba).map(([name, p]) => probabilityBar(name, p === null ? NaN : p)));
}

function startServed() {
  byId("try-form").addEventListener("submit", (event) => { event.preventDefault(); label(); });
}
