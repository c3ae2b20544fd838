// The filter: as an object, as the text in the address, and as the rows that it lets through.

const NOTHING = Object.freeze({
  split: "test", clf: "", vs: "", outcome: "", who: "", truth: "", answer: "", seeds: "", votes: "", party: "", outlet: "",
  holder: "", group: "", fold: "", slice: "", audit: "", why: "", of: "", from: "", to: "", q: "", re: "", sort: "", row: "",
});
// Parts that choose rows by what classifiers answered: numbers over such rows describe them, and estimate nothing.
const BY_OUTCOME = ["outcome", "who", "answer", "seeds", "audit", "why", "from", "to"];
// Parts whose values are those of a column of the rows.
const BY_COLUMN = {split: "split", party: "target", outlet: "outlet", holder: "holder", group: "group", fold: "fold"};
const VIEW_ONLY = ["clf", "vs", "sort", "row", "of", "split", "re"];
const REGEX_LIMIT = 200, REGEX_MILLISECONDS = 1000, START_MILLISECONDS = 10000;

function filterText(filter) {
  const pairs = Object.keys(NOTHING).filter((key) => filter[key] !== NOTHING[key]).map((key) => [key, filter[key]]);
  return new URLSearchParams(pairs).toString();
}

// Whatever an address holds, so that an old or mistyped link opens: the filter, and the parts that were left out of it.
function readFilter(text) {
  const filter = {...NOTHING}, unknown = [];
  for (const [key, value] of new URLSearchParams(text.replace(/^#/, ""))) {
    if (value === "" && Object.hasOwn(NOTHING, key)) continue;
    if (Object.hasOwn(NOTHING, key) && isKnown(key, value)) filter[key] = value;
    else unknown.push(`${key}=${shortened(value)}`);
  }
  // A row that is named without its part is looked for where it is.
  if (filter.row && !/(^|[#&])split=/.test(text)) filter.split = valueOf("split", rowNamed(filter.row));
  if (!T.split.includes(filter.split)) filter.split = T.split.includes("test") ? "test" : T.split[0];
  // Beside itself a classifier has nothing to differ from, and a pair needs two.
  const drop = (key) => { if (filter[key]) { unknown.push(`${key}=${shortened(filter[key])}`); filter[key] = ""; } };
  if (filter.vs === focusOf(filter).name) drop("vs");
  if (!filter.vs) drop("who");
  return {filter, unknown};
}

const shortened = (value) => value.length > 40 ? `${value.slice(0, 39)}…` : value;

// Whether a part of a filter may have a value here: chosen from a list, it is one that the list offers.
function isKnown(key, value) {
  if (Object.hasOwn(BY_COLUMN, key)) return T[BY_COLUMN[key]].includes(value);
  if (key === "clf") return T.classifiers.some((classifier) => classifier.name === value);
  if (key === "truth" || key === "answer") return T.labels.includes(value) || (T.multi && value.startsWith("!") && T.labels.includes(value.slice(1))) || (key === "answer" && value === "no answer");
  if (key === "from" || key === "to") return value.trim() !== "" && Number(value) >= 0 && Number(value) <= 1 && T.classifiers.some((classifier) => classifier.stated);
  if (key === "row") return rowNamed(value) >= 0;
  if (key === "re") return value === "1";
  if (key === "q") return true;
  const control = document.querySelector(`select[data-key="${key}"]`);
  return !control.closest("[hidden]") && [...control.options].some((option) => option.value === value);
}

const focusOf = (filter) => T.classifiers.find((classifier) => classifier.name === filter.clf) || T.best;
const secondOf = (filter) => T.classifiers.find((classifier) => classifier.name === filter.vs);
const probabilityOf = (filter) => T.labels.includes(filter.of) || (!T.multi && ["answer", "truth"].includes(filter.of)) ? filter.of : T.multi ? T.labels[0] : "truth";
const choosesByOutcome = (filter) => BY_OUTCOME.some((key) => filter[key] !== "") || filter.votes === "against";
const isFiltered = (filter) => Object.keys(NOTHING).some((key) => !VIEW_ONLY.includes(key) && filter[key] !== "");

// Whether a set of labels is the one that was asked for; "!name" asks for sets without the label.
function setTest(asked) {
  if (asked === "no answer") return (code) => code === MISSING;
  const negated = asked.startsWith("!") && !T.labels.includes(asked);
  const label = T.labels.indexOf(negated ? asked.slice(1) : asked);
  const has = T.sets.map((members) => members.includes(label) !== negated);
  return (code) => code >= 0 && has[code];
}

function tests(filter) {
  const list = [], first = focusOf(filter), second = secondOf(filter);
  const equals = (name, value) => {
    const code = T[name].indexOf(value), column = T.col[name];
    list.push((row) => column[row] === code);
  };
  for (const [key, name] of Object.entries(BY_COLUMN)) if (filter[key]) equals(name, filter[key]);
  if (filter.truth) { const test = setTest(filter.truth); list.push((row) => test(T.truth[row])); }
  if (filter.answer) { const test = setTest(filter.answer); list.push((row) => test(first.label[row])); }
  const outcome = {
    right: (row) => isRight(first, row),
    wrong: (row) => wasAsked(first, row) && !isRight(first, row),
    missing: (row) => first.label[row] === MISSING,
    abstained: (row) => 2 * first.abstained[row] > first.seeds,
    "any wrong": (row) => T.classifiers.some((classifier) => wasAsked(classifier, row) && !isRight(classifier, row)),
    "all wrong": (row) => T.classifiers.every((classifier) => wasAsked(classifier, row) && !isRight(classifier, row)),
  }[filter.outcome];
  if (outcome) list.push(outcome);
  if (second) list.push((row) => wasAsked(first, row) && wasAsked(second, row));
  const who = second && {
    differ: (row) => first.label[row] !== second.label[row],
    first: (row) => isRight(first, row) && !isRight(second, row),
    second: (row) => !isRight(first, row) && isRight(second, row),
    neither: (row) => !isRight(first, row) && !isRight(second, row),
  }[filter.who];
  if (who) list.push(who);
  if (filter.seeds === "differ") list.push((row) => { const [agreeing, asked] = seedsAgreeing(first, row); return agreeing < asked; });
  if (filter.votes === "split") list.push((row) => new Set(valueOf("votes", row).split("|")).size > 1);
  if (filter.votes === "against") list.push((row) => { const vote = majorityVote(row); return vote !== "" && first.label[row] >= 0 && vote !== T.sets[first.label[row]].map((label) => T.labels[label]).join("|"); });
  if (filter.slice) {
    const cut = T.slices.find(([column, value]) => `${column}: ${value}` === filter.slice), inside = new Uint8Array(T.n);
    for (const row of cut ? cut[2] : []) inside[row] = 1;
    list.push((row) => inside[row] === 1);
  }
  if (filter.why) list.push((row) => T.why.has(row));
  if (filter.audit) list.push((row) => (T.audits.get(row) || []).some((note) => note.audit === filter.audit));
  if (filter.q) list.push(searchTest(filter));
  return list;
}

function rangeTest(filter) {
  if (filter.from === "" && filter.to === "") return null;
  const first = focusOf(filter), what = probabilityOf(filter);
  const from = filter.from === "" ? 0 : Number(filter.from), to = filter.to === "" ? 1 : Number(filter.to);
  return (row) => { const p = shownProbability(first, what, row); return p >= from && p <= to; };
}

let lowered = null;
const regexMatches = new Map();
function searchTest(filter) {
  const column = T.col.text;
  if (filter.re) {
    const matches = regexMatches.get(filter.q);
    return matches instanceof Uint8Array ? (row) => matches[column[row]] === 1 : () => false;
  }
  lowered ||= {text: T.text.map((text) => text.toLowerCase()), ids: T.ids.map((id) => id.toLowerCase()), target: T.target.map((name) => name.toLowerCase())};
  const wanted = filter.q.toLowerCase();
  const inText = Uint8Array.from(lowered.text, (text) => text.includes(wanted) ? 1 : 0);
  const inTarget = Uint8Array.from(lowered.target, (name) => name.includes(wanted) ? 1 : 0);
  return (row) => inText[column[row]] === 1 || inTarget[T.col.target[row]] === 1 || lowered.ids[row].includes(wanted);
}

// A regular expression may take for ever on a single sentence, and nothing can stop it in the page: it runs in a
// worker, which can be ended. Answers: a message, or the sentences that match.
function regexWorker() {
  onmessage = ({data: {pattern, texts}}) => {
    const expression = new RegExp(pattern, "iu");
    postMessage(Uint8Array.from(texts, (text) => expression.test(text) ? 1 : 0));
  };
  postMessage("started");
}

function runRegex(pattern) {
  if (pattern.length > REGEX_LIMIT) return Promise.resolve(`a regular expression has at most ${REGEX_LIMIT} characters`);
  try { new RegExp(pattern, "iu"); } catch (error) { return Promise.resolve(error.message); }
  return new Promise((resolve) => {
    const address = URL.createObjectURL(new Blob([`(${regexWorker})()`], {type: "text/javascript"}));
    let worker;
    try { worker = new Worker(address); } catch { resolve("this frame allows no worker, and a regular expression runs in one"); return; }
    const end = (answer) => { clearTimeout(timer); worker.terminate(); URL.revokeObjectURL(address); resolve(answer); };
    // A busy machine may take long to start a worker: that says nothing of the expression.
    let timer = setTimeout(() => end("this frame has started no worker, and a regular expression runs in one"), START_MILLISECONDS);
    worker.onmessage = ({data}) => {
      if (data !== "started") { end(data); return; }
      clearTimeout(timer);
      timer = setTimeout(() => end(`too slow: it was stopped after ${REGEX_MILLISECONDS / 1000} s`), REGEX_MILLISECONDS);
      worker.postMessage({pattern, texts: T.text});
    };
    worker.onerror = (event) => end(event.message || "this frame allows no worker, and a regular expression runs in one");
  });
}

// Rows that pass everything but the range of probabilities, for the histogram, and those that pass the range too.
function filteredRows(filter) {
  const list = tests(filter), range = rangeTest(filter);
  const before = new Int32Array(T.n), after = new Int32Array(T.n);
  let n = 0, m = 0;
  rows: for (let row = 0; row < T.n; row++) {
    for (const test of list) if (!test(row)) continue rows;
    before[n++] = row;
    if (!range || range(row)) after[m++] = row;
  }
  return {before: before.subarray(0, n), rows: sorted(after.subarray(0, m), filter)};
}

// The place of each sentence in the alphabet, once it was asked for.
let ranks = null;

function sorted(rows, filter) {
  const first = focusOf(filter), second = secondOf(filter);
  const keys = {
    confident: (row) => -answerProbability(first, row),
    truth: (row) => T.multi ? 0 : shownProbability(first, "truth", row),
    seeds: (row) => { const [agreeing, asked] = seedsAgreeing(first, row); return asked ? agreeing / asked : 2; },
    moved: (row) => second ? -movedBy(first, second, row) : 0,
  };
  if (filter.sort === "text" && !ranks) {
    const order = T.text.map((_, index) => index).sort((a, b) => T.text[a] < T.text[b] ? -1 : 1), rank = new Int32Array(T.text.length);
    order.forEach((index, position) => { rank[index] = position; });
    ranks = rank;
  }
  keys.text = (row) => ranks[T.col.text[row]];
  const key = Object.hasOwn(keys, filter.sort) ? keys[filter.sort] : null;
  if (!key) return rows;
  const values = new Float64Array(T.n);
  for (const row of rows) { const value = key(row); values[row] = Number.isNaN(value) ? Infinity : value; }
  return rows.slice().sort((a, b) => values[a] - values[b] || a - b);
}

// Of several labels: the least sure one of those that were given or not.
function answerProbability(classifier, row) {
  const code = classifier.label[row];
  if (code < 0) return NaN;
  if (!T.multi) return probability(classifier, code, row);
  let least = 1;
  T.labels.forEach((_, label) => { const p = probability(classifier, label, row); least = Math.min(least, T.sets[code].includes(label) ? p : 1 - p); });
  return least;
}

// By how much two classifiers differ on a row: half the sum of differences (total variation), or their mean of several labels.
function movedBy(first, second, row) {
  let sum = 0;
  for (let label = 0; label < T.labels.length; label++) sum += Math.abs(probability(first, label, row) - probability(second, label, row));
  return T.multi ? sum / T.labels.length : sum / 2;
}
