// One row in full: the sentence, what each classifier answered, what else is known of it.

function drawDetail(row) {
  const box = byId("detail");
  document.body.classList.toggle("with-detail", row !== null);
  box.hidden = row === null;
  if (row === null) { box.replaceChildren(); return; }
  const parts = [
    make("button", {type: "button", class: "close", "aria-label": "close (Esc)", onclick: () => { choose(-1); byId("list").focus(); }}, "×"),
    make("p", {class: "sentence", dir: "auto"}, ...markedText(row)),
    T.shows_text ? null : make("p", {class: "soft small"}, "Sentences are left out because of tracking.log_text: false."),
    facts(row), answersTable(row), ...others(row), ...audits(row), ...why(row), ...servedParts(row),
  ];
  box.replaceChildren(...parts.filter(Boolean));
  box.scrollTop = 0;
}

function facts(row) {
  const list = make("dl", {class: "facts"});
  const add = (name, value, key) => {
    if (!value) return;
    const shown = key && state[key] !== value ? make("button", {type: "button", class: "link", dir: "auto", title: `only rows with this ${name}`, onclick: () => change({[key]: value})}, value) : make("span", {dir: "auto"}, value);
    list.append(make("dt", {}, name), make("dd", {}, shown));
  };
  add("truth", setName(T.truth[row]));
  add("party", valueOf("target", row), "party");
  add("holder", valueOf("holder", row), "holder");
  add("outlet", valueOf("outlet", row), "outlet");
  add("date", valueOf("date", row));
  add("group", valueOf("group", row), "group");
  add("votes", valueOf("votes", row).split("|").filter(Boolean).map(words).join(", "));
  add("part", valueOf("split", row));
  add("fold", valueOf("fold", row), "fold");
  add("id", T.ids[row]);
  return list;
}

function answersTable(row) {
  const rows = T.classifiers.map((classifier) => {
    const [sign, kind, word] = signOf(classifier, row), seeds = seedAnswers(classifier, row);
    const bars = classifier.stated && wasAsked(classifier, row) ? T.labels.map((name, label) => probabilityBar(name, probability(classifier, label, row))) : [];
    return make("section", {class: `said ${kind}`}, make("h3", {}, classifier.name),
      make("p", {class: "what"}, make("b", {"aria-hidden": "true"}, `${sign} `), setName(classifier.label[row]), make("span", {class: "soft"}, wasAsked(classifier, row) ? ` · ${word}${abstains(classifier, row) ? " · abstains" : ""}` : "")),
      seeds && make("p", {class: "soft small"}, seeds), ...bars);
  });
  return make("div", {}, make("h2", {}, "Answers"), ...rows);
}

function seedAnswers(classifier, row) {
  if (classifier.seeds < 2 || !wasAsked(classifier, row)) return "";
  const counts = new Map();
  for (let seed = 0; seed < classifier.seeds; seed++) {
    const code = classifier.codes[seed * T.n + row];
    if (code !== NOT_SCORED) counts.set(code, (counts.get(code) || 0) + 1);
  }
  return `seeds: ${[...counts].sort((a, b) => b[1] - a[1]).map(([code, n]) => `${setName(code)} ×${n}`).join(", ")}`;
}

function probabilityBar(name, p) {
  const bar = make("i", {class: "bar"});
  bar.style.setProperty("--share", Number.isNaN(p) ? 0 : p);
  return make("div", {class: "probability"}, make("span", {}, words(name)), bar, make("span", {class: "right"}, decimals(p, 2)));
}

// The same sentence toward its other parties; rows of the same part and group alone are the same sentence.
function others(row) {
  if (!T.shows_text) return [];
  const rows = [];
  for (let other = 0; other < T.n; other++) {
    if (other !== row && T.col.text[other] === T.col.text[row] && T.col.group[other] === T.col.group[row] && T.col.split[other] === T.col.split[row] && T.col.fold[other] === T.col.fold[row]) rows.push(other);
  }
  if (!rows.length) return [];
  return [make("h2", {}, "Other parties of the sentence"), make("ul", {class: "plain"}, ...rows.map((other) => make("li", {},
    make("button", {type: "button", class: "link", dir: "auto", onclick: () => openRow(other)}, valueOf("target", other) || T.ids[other]), ` truth ${setName(T.truth[other])}; `,
    T.classifiers.map((classifier) => `${signOf(classifier, other)[0]} ${classifier.name}: ${setName(classifier.label[other])}`).join(", "))))];
}

function audits(row) {
  const notes = T.audits.get(row) || [];
  if (!notes.length) return [];
  return [make("h2", {}, "Audits that touch the row"), ...notes.map((note) => make("div", {class: "note"}, make("p", {}, make("b", {}, words(note.audit)), ` of ${T.classifiers[note.classifier].name}`),
    make("dl", {class: "facts"}, ...note.facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {dir: "auto"}, value)]))))];
}

// The words that moved the labels: of rows that they were computed for, and beside a server of any.
function why(row) {
  const known = T.why.get(row), later = T.shows_text && T.task === "stance" && textOf(row) ? T.classifiers.map((classifier) => known && known.has(classifier.number) ? null : askWords(classifier, row)) : [];
  if (!known && !later.some(Boolean)) return T.why.size ? [make("p", {class: "soft small"}, "Which words moved a label was computed for other rows: see “words” among the filters.")] : [];
  const parts = T.classifiers.flatMap((classifier) => known && known.has(classifier.number) ? [make("h3", {}, classifier.name), wordList(known.get(classifier.number))] : [later[classifier.number]]);
  return [make("h2", {}, "Words that moved a label"), ...parts.filter(Boolean)];
}

function wordList({label, words: moved}) {
  if (!label) return make("p", {class: "soft small"}, "It gives no label.");
  if (!moved.length) return make("p", {class: "soft small"}, `No single word moves ${words(label)}.`);
  const how = moved[0].method === "exact" ? `What each adds to the score of ${words(label)}.` : `What the probability of ${words(label)} loses without it.`;
  return make("div", {}, make("ul", {class: "plain"}, ...moved.map((word) => make("li", {}, make("span", {dir: "auto"}, word.text), make("span", {class: word.weight > 0 ? "for" : "against"}, ` ${word.weight > 0 ? "+" : "−"}${decimals(Math.abs(word.weight), 2)}`)))), make("p", {class: "soft small"}, how));
}
