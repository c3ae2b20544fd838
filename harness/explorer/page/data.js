// What the page holds, unpacked: columns as typed arrays, all else as plain data (binary_table.py, page_data.py).

const MISSING = -1, NOT_SCORED = -2, SCALE = 10000, NO_PROBABILITY = 65535;
const ARRAYS = {Uint8Array, Uint16Array, Int32Array};

async function unpackData() {
  const packed = document.getElementById("data").textContent.trim();
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(packed) : Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const columns = {};
  for (const [name, [kind, offset, count]] of Object.entries(head.columns)) {
    columns[name] = new ARRAYS[kind](buffer, 4 + length + offset, count);
  }
  return tableOf(head, columns);
}

function tableOf(head, columns) {
  const table = {
    ...head,
    col: columns,
    truth: columns.truth,
    classifiers: head.classifiers.map((classifier, number) => ({
      ...classifier,
      number,
      codes: columns[`codes${number}`],
      label: columns[`label${number}`],
      proba: columns[`proba${number}`],
      abstained: columns[`abstained${number}`],
    })),
    audits: new Map(),
    why: new Map(),
    auditNames: [...new Set(head.audits.map((note) => note[2]))],
  };
  for (const [row, classifier, label, moved] of head.why) {
    if (!table.why.has(row)) table.why.set(row, new Map());
    table.why.get(row).set(classifier, {label, words: moved.map(([text, weight, method]) => ({text, weight, method}))});
  }
  for (const [row, classifier, audit, facts] of head.audits) {
    if (!table.audits.has(row)) table.audits.set(row, []);
    table.audits.get(row).push({classifier, audit, facts});
  }
  // Votes on something else, as those on stance where frames are labelled, say nothing of these answers.
  if (!head.votes.some((votes) => votes.split("|").some((vote) => head.labels.includes(vote)))) {
    table.votes = [""];
    columns.votes.fill(0);
  }
  // Rows of one group are resampled together; a row without a group is one of its own.
  const none = head.group.indexOf("");
  table.cluster = Int32Array.from(columns.group, (code, row) => code === none ? head.group.length + row : code);
  return table;
}

const valueOf = (name, row) => T[name][T.col[name][row]];
const textOf = (row) => T.text[T.col.text[row]];
const words = (name) => name.replaceAll("_", " ");

// A set of labels as a person reads it: the label itself where a row has just one.
function setName(code) {
  if (code === MISSING) return "no answer";
  if (code === NOT_SCORED) return "not scored";
  const members = T.sets[code];
  return members.length ? members.map((label) => words(T.labels[label])).join(" + ") : "none";
}

function probability(classifier, label, row) {
  const stored = classifier.proba[label * T.n + row];
  return stored === NO_PROBABILITY ? NaN : stored / SCALE;
}

const isRight = (classifier, row) => classifier.label[row] === T.truth[row];
const wasAsked = (classifier, row) => classifier.label[row] !== NOT_SCORED;

// Under most seeds that were asked; those of other rows may be more.
const abstains = (classifier, row) => 2 * classifier.abstained[row] > seedsAgreeing(classifier, row)[1];

// What a link names a row by: rows that several folds have scored share their id.
const rowNamed = (name) => name === "" ? -1 : T.ids.findIndex((_, row) => nameOf(row) === name);
const nameOf = (row) => valueOf("fold", row) === "" ? T.ids[row] : `${T.ids[row]} (fold ${valueOf("fold", row)})`;

// How many seeds gave the answer that is shown, and how many were asked.
function seedsAgreeing(classifier, row) {
  let agreeing = 0, asked = 0;
  for (let seed = 0; seed < classifier.seeds; seed++) {
    const code = classifier.codes[seed * T.n + row];
    if (code === NOT_SCORED) continue;
    asked++;
    if (code === classifier.label[row]) agreeing++;
  }
  return [agreeing, asked];
}

// The probability that the histogram and the range are about: of the answer, of the truth, or of one label.
function shownProbability(classifier, what, row) {
  const named = T.labels.indexOf(what);
  if (named >= 0) return probability(classifier, named, row);
  const code = what === "answer" ? classifier.label[row] : T.truth[row];
  return T.multi || code < 0 ? NaN : probability(classifier, code, row);
}

// What most annotators say; empty where they are tied or there are fewer than two.
const majorities = new Map();
function majorityVote(row) {
  const votes = valueOf("votes", row);
  if (!majorities.has(votes)) {
    const counts = new Map();
    for (const vote of votes ? votes.split("|") : []) counts.set(vote, (counts.get(vote) || 0) + 1);
    const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
    majorities.set(votes, !first || (second && second[1] === first[1]) ? "" : first[0]);
  }
  return majorities.get(votes);
}
