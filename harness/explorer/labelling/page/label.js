// One row at a time: a key in, a press on the server's disk and the next row out.
"use strict";

const TOKEN = new URLSearchParams(location.hash.slice(1)).get("token") || "";
const RETRY_MS = 1000;
const view = { task: null, annotator: "", name: "label", row: null, history: [], settling: null };

// Presses wait for each other: a key that is typed fast is meant for the row that the one before leads to.
let line = Promise.resolve();
const queue = (work) => { line = line.then(work).catch((error) => showProblem(String(error && error.message || error))); return line; };

function showProblem(text) {
  const box = byId("problem");
  box.textContent = text;
  box.hidden = !text;
}

async function ask(name, sent, post) {
  const query = post ? "" : `?${new URLSearchParams(sent)}`;
  const options = { method: post ? "POST" : "GET", headers: { "X-Harness-Token": TOKEN }, cache: "no-store" };
  if (post) { options.headers["Content-Type"] = "application/json"; options.body = JSON.stringify(sent); }
  for (;;) {
    let response;
    try {
      response = await fetch(`api/${name}${query}`, options);
    } catch {
      // The server is gone or starts anew: the same press is sent until it is answered, and counts once.
      showProblem("The server does not answer; what you pressed last is not saved yet. Trying again …");
      await new Promise((done) => setTimeout(done, RETRY_MS));
      continue;
    }
    const isJson = (response.headers.get("content-type") || "").includes("json");
    const answer = isJson ? await response.json() : { problem: await response.text() };
    if (!response.ok) throw new Error(answer.problem || `the server answered ${response.status}`);
    showProblem("");
    return answer;
  }
}

function pressName() {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(numbers, (number) => number.toString(36)).join("-");
}

async function send(action, value, more = {}) {
  const row = view.name === "settle" ? view.settling : view.row;
  if (!row && action !== "undo") return null;
  const sent = { press: pressName(), annotator: view.annotator, item: row ? row.key : "", action, value, role: view.name === "settle" ? "settle" : "vote", ...more };
  return ask("press", sent, true);
}

async function press(action, value, more = {}) {
  const answer = await send(action, value, more);
  if (answer) showState(answer);
}

function showState(state, forward = true) {
  const { row, progress } = state;
  if (forward && view.row && (!row || row.key !== view.row.key)) view.history.push(view.row.key);
  // Whoever is taken back to a row goes back from there, not to it.
  if (!forward && row && view.history.at(-1) === row.key) view.history.pop();
  view.row = row;
  byId("progress").textContent = progressText(progress);
  const share = progress.rows ? Math.round(100 * progress.done / progress.rows) : 100;
  byId("bar").setAttribute("aria-valuenow", String(share));
  // Through the object, not the attribute: the page's policy allows no style in markup.
  byId("bar").firstElementChild.style.width = `${share}%`;
  byId("card").hidden = !row;
  byId("finished").hidden = Boolean(row);
  if (row) drawRow(row);
}

const isAnswered = (row, question) => question === "stance" ? Boolean(row.stance) : row.frames !== null;
const isDone = (row) => row.skipped || view.task.asks.every((question) => isAnswered(row, question));
const onlyStance = () => view.task.asks.length === 1 && view.task.asks[0] === "stance";

function drawRow(row) {
  byId("party").textContent = row.target ? `toward ${row.target}` : "";
  byId("text").className = "sentence";
  byId("text").replaceChildren(...pieces(row));
  const { task } = view;
  const groups = [];
  if (task.asks.includes("stance")) {
    groups.push(make("div", { class: "choices", role: "group", "aria-label": "stance" }, ...task.stances.map((name, k) =>
      choiceButton(String(k + 1), readable(name), row.stance === name, () => queue(() => chooseStance(name)), task.definitions.stance[name]))));
  }
  if (task.asks.includes("frames")) {
    groups.push(make("div", { class: "choices", role: "group", "aria-label": "frames" }, ...task.frames.map(({ name, key }) =>
      choiceButton(key, readable(name), (row.frames || []).includes(name), () => queue(() => toggleFrame(name)), task.definitions.frames[name])),
    choiceButton("0", "no frame", row.frames !== null && !row.frames.length, () => queue(() => press("frames", "")))));
  }
  byId("answers").replaceChildren(...groups);
  const written = [];
  if (row.holder) written.push(`holder: ${row.holder}`);
  if (row.comment) written.push(`comment: ${row.comment}`);
  if (row.skipped) written.push("skipped");
  byId("written").textContent = written.join("\n");
  byId("model").textContent = "";
  byId("holder-form").hidden = byId("comment-form").hidden = true;
  const action = (key, label, work) => choiceButton(key, label, null, () => queue(work));
  byId("actions").replaceChildren(
    action("h", "holder", () => openForm("holder")), action("c", "comment", () => openForm("comment")),
    action("s", "skip", () => press("skip", "1", { advance: true })), action("u", "undo", undo),
    action("←", "row before", back), action("Enter", "next row", next),
    ...(row.has_model && isDone(row) ? [action(".", "show the model's label", showModel)] : []));
  // The button that was pressed is gone: a screen reader goes on with the new row.
  byId("card").focus({ preventScroll: true });
}

const chooseStance = (name) => press("stance", name, { advance: onlyStance() });

function toggleFrame(name) {
  const chosen = new Set(view.row.frames || []);
  if (!chosen.delete(name)) chosen.add(name);
  return press("frames", view.task.frames.map((frame) => frame.name).filter((each) => chosen.has(each)).join("|"));
}

function openForm(name) {
  if (!view.row) return;
  byId(`${name}-form`).hidden = false;
  byId(name).value = view.row[name];
  byId(name).focus();
}

async function save(name) {
  const value = byId(name).value.trim();
  byId(`${name}-form`).hidden = true;
  byId("card").focus();
  await press(name, value);
}

async function undo() {
  const answer = await send("undo", "");
  if (view.name === "settle") return nextDispute();
  if (!answer.recorded) return showProblem("There is nothing to undo.");
  return showState(answer, false);
}

async function next() {
  const { row, task } = view;
  if (row && !row.skipped && task.asks.includes("frames") && row.frames === null && (!task.asks.includes("stance") || row.stance)) {
    // Whoever goes on without a frame says that none applies.
    return press("frames", "", { advance: true });
  }
  if (row && !isDone(row)) return showProblem("This row is not labelled yet; s skips it.");
  return showState(await ask("state", { annotator: view.annotator, row: "" }));
}

async function back() {
  const key = view.history.at(-1);
  if (key) showState(await ask("state", { annotator: view.annotator, row: key }), false);
}

async function showModel() {
  if (!view.row) return;
  if (!view.row.has_model) { showProblem("There is no label of a model for this row."); return; }
  if (!isDone(view.row)) { showProblem("The model's label is shown once this row is labelled."); return; }
  const { label } = await ask("model", { annotator: view.annotator, row: view.row.key }, true);
  byId("model").textContent = `the model says: ${readable(label)}`;
}

async function nextDispute() {
  const { row, open, barred } = await ask("disagreement", { annotator: view.annotator, row: "" }, true);
  view.settling = row;
  const section = byId("settle");
  const counts = `${open} open for you${barred ? `, ${barred} on which you voted yourself: a third person settles them` : ""}.`;
  if (!row) return section.replaceChildren(make("h2", {}, "Disagreements"), make("p", {}, "Nothing to settle here."), make("p", { class: "soft small" }, counts));
  const settle = async (action, value) => { await send(action, value); await nextDispute(); };
  const { task } = view;
  const votes = row.votes.map((vote, k) => make("tr", {}, make("th", { scope: "row" }, `annotator ${k + 1}`),
    make("td", {}, vote.skipped ? "skipped" : [task.asks.includes("stance") && (vote.stance ? readable(vote.stance) : "no answer"), task.asks.includes("frames") && framesInWords(vote.frames)].filter(Boolean).join("; ")),
    make("td", {}, vote.holder), make("td", {}, vote.comment)));
  const choices = [];
  if (row.differ.includes("stance")) {
    choices.push(make("div", { class: "choices", role: "group", "aria-label": "settle the stance" }, ...task.stances.map((name, k) =>
      choiceButton(String(k + 1), readable(name), null, () => queue(() => settle("stance", name)), task.definitions.stance[name]))));
  }
  if (row.differ.includes("frames")) {
    const proposals = [...new Set(row.votes.filter((vote) => vote.frames !== null).map((vote) => [...vote.frames].sort().join("|")))];
    choices.push(make("div", { class: "choices", role: "group", "aria-label": "settle the frames" }, ...proposals.map((value, k) =>
      choiceButton(String.fromCharCode(97 + k), framesInWords(value ? value.split("|") : []), null, () => queue(() => settle("frames", value))))));
  }
  return section.replaceChildren(make("h2", {}, "Disagreements"), make("p", { class: "soft small" }, counts),
    make("p", {}, row.target ? `toward ${row.target}` : ""), make("p", { class: "sentence", dir: "auto" }, ...pieces(row)),
    make("table", {}, make("thead", {}, make("tr", {}, ...["", "label", "holder", "comment"].map((title) => make("th", { scope: "col" }, title)))), make("tbody", {}, ...votes)),
    ...choices, make("p", { class: "soft small" }, "Whose vote is whose is not shown; all votes are kept. u undoes your last word."));
}

async function open(name) {
  view.name = name;
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === name));
  for (const id of ["label", "settle", "agreement"]) byId(id).hidden = id !== name;
  if (name === "agreement") {
    byId("agreement").replaceChildren(make("p", { class: "soft" }, "Counting …"));
    drawAgreement(await ask("agreement", {}));
  }
  else if (name === "settle") await nextDispute();
  else { view.row = null; showState(await ask("state", { annotator: view.annotator, row: "" })); }
}

function labelKey(key) {
  const { row, task } = view;
  if (key === "u") return undo();
  if (key === "ArrowLeft") return back();
  if (!row) return null;
  if (key === "Enter" || key === "ArrowRight") return next();
  if (key === "h") return openForm("holder");
  if (key === "c") return openForm("comment");
  if (key === "s") return press("skip", "1", { advance: true });
  if (key === ".") return showModel();
  if (task.asks.includes("stance") && /^[1-9]$/.test(key) && task.stances[key - 1]) return chooseStance(task.stances[key - 1]);
  if (!task.asks.includes("frames")) return null;
  if (key === "0") return press("frames", "");
  const frame = task.frames.find((each) => each.key === key);
  return frame ? toggleFrame(frame.name) : null;
}

function settleKey(key) {
  if (key === "u") return undo();
  const group = /^[1-9]$/.test(key) ? "settle the stance" : "settle the frames";
  const position = group === "settle the stance" ? key - 1 : key.charCodeAt(0) - 97;
  const buttons = [...byId("settle").querySelectorAll(`[aria-label="${group}"] button`)];
  if (key.length === 1 && buttons[position]) buttons[position].click();
  return null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !view.annotator) return;
  const { target } = event;
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) {
    if (event.key === "Escape") { target.form.hidden = true; byId("card").focus(); }
    if (event.key === "Enter" && !event.shiftKey && target.form && target.form.classList.contains("written")) { event.preventDefault(); target.form.requestSubmit(); }
    return;
  }
  // Enter on a button presses that button.
  if (event.key === "Enter" && target instanceof HTMLButtonElement) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (view.name === "label") {
    if (key === "h" || key === "c") event.preventDefault();
    queue(() => labelKey(key));
  } else if (view.name === "settle") queue(() => settleKey(key));
});

for (const name of ["holder", "comment"]) {
  byId(`${name}-form`).addEventListener("submit", (event) => { event.preventDefault(); queue(() => save(name)); });
}

for (const button of document.querySelectorAll("[data-view]")) {
  button.addEventListener("click", () => { button.blur(); queue(() => open(button.dataset.view)); });
}

byId("start-form").addEventListener("submit", (event) => {
  event.preventDefault();
  queue(async () => {
    const annotator = byId("name").value.trim().split(/\s+/u).join(" ");
    const state = await ask("state", { annotator, row: "" });
    // The name as it first stood in the log: other spellings of it are the same person's.
    view.annotator = state.annotator;
    byId("who").textContent = state.annotator;
    byId("start").hidden = true;
    byId("views").hidden = byId("label").hidden = byId("codebook").hidden = false;
    showState(state);
  });
});

queue(async () => {
  view.task = await ask("task", {});
  const name = view.task.name || "rows";
  document.title = `${name} · label`;
  byId("task-name").textContent = name;
  drawCodebook(view.task);
  byId("name").focus();
});
