// The numbers beside the list: scores of every classifier, confusion matrix, histogram, the pair.

const BINS = 20, WIDTH = 260, HEIGHT = 64;

// Without tallies, where a search did not run, the classifiers stand there without a number.
function drawScores(tallied, ranges) {
  const head = make("tr", {}, make("th", {}, "classifier"), make("th", {class: "right"}, "n"), make("th", {class: "right"}, T.multi ? "all right" : "accuracy"), make("th", {class: "right"}, "macro-F1"));
  const focus = focusOf(state);
  const cell = (value, range) => make("td", {class: "right"}, decimals(value), make("small", {}, range ? `${decimals(range[0])} to ${decimals(range[1])}` : "\u00a0"));
  const rows = T.classifiers.map((classifier, number) => {
    const values = tallied ? score(tallied[number]) : {accuracy: NaN, f1: NaN}, range = ranges && ranges[number];
    return make("tr", {class: classifier === focus ? "focus" : undefined},
      make("th", {scope: "row"}, make("button", {type: "button", class: "link", "aria-pressed": String(classifier === focus), onclick: () => change({clf: classifier.name, ...(state.vs === classifier.name ? {vs: "", who: ""} : {})})}, classifier.name)),
      make("td", {class: "right"}, tallied ? thousands(tallied[number].n) : "–"), cell(values.accuracy, range && range.accuracy), cell(values.f1, range && range.f1));
  });
  byId("scores").replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
  const drawn = ranges && ranges.filter(Boolean), resampled = drawn && drawn.find((range) => range.draws);
  const seeds = T.classifiers.some((classifier) => classifier.seeds > 1) ? "Scores are means over seeds; a row shows the answer of most seeds. " : "";
  const how = !tallied ? "" : ranges === null ? "Intervals are being computed." : !tallied.some((tally) => tally.n) ? "" : !drawn.length ? "No intervals: too few groups, or too many rows to resample here."
    : resampled ? `95 % intervals by the method of the run's report, from ${thousands(resampled.draws)} draws made here: their ends may differ in the last digits.` : "95 % intervals as in the run's report and in the comparison.";
  byId("how").textContent = tallied ? seeds + how : "No scores: the search did not run.";
  const warning = !tallied ? "" : choosesByOutcome(state) ? "These rows were chosen by what classifiers answered: the numbers describe them and estimate nothing."
    : state.truth ? "These rows were chosen by their true label: accuracy is the recall of it." : "";
  byId("chosen").textContent = warning;
  byId("chosen").hidden = warning === "";
}

// Nothing is known of the rows that were asked for: no number stays, nor what it was computed from.
function blankScores() {
  drawScores(null, null);
  for (const id of ["confusion", "histogram", "pair-table"]) byId(id).replaceChildren();
  byId("confusion-of").textContent = focusOf(state).name;
  byId("histogram").setAttribute("aria-label", "No histogram: the search did not run");
  byId("pair").hidden = true;
  byId("pair-test").textContent = "";
}

function drawConfusion(rows) {
  const classifier = focusOf(state), asked = rows.filter((row) => wasAsked(classifier, row));
  const missing = asked.some((row) => classifier.label[row] === MISSING);
  const table = T.multi ? multiTable(classifier, asked) : singleTable(classifier, asked, missing);
  byId("confusion-of").textContent = classifier.name;
  byId("confusion").replaceChildren(make("thead", {}, make("tr", {}, make("th", {}, T.multi ? "label" : "truth"), ...table.columns.map((name) => make("th", {}, name)))),
    make("tbody", {}, ...table.rows.map(([name, cells]) => make("tr", {}, make("th", {scope: "row"}, name), ...cells.map((cell) => confusionCell(cell))))));
}

function confusionCell({n, of, truth, answer, what}) {
  const active = state.truth === truth && state.answer === answer;
  const button = make("button", {type: "button", "aria-pressed": String(active), "aria-label": `${what}: ${counted(n, "row")}`, onclick: () => change(active ? {truth: "", answer: ""} : {truth, answer})}, thousands(n));
  const td = make("td", {class: truth === answer ? "cell" : "cell off"}, button);
  td.style.setProperty("--share", of ? n / of : 0);
  return td;
}

function singleTable(classifier, rows, missing) {
  const k = T.labels.length, counts = T.labels.map(() => new Array(k + 1).fill(0));
  for (const row of rows) counts[T.truth[row]][classifier.label[row] < 0 ? k : classifier.label[row]]++;
  const answers = [...T.labels, ...(missing ? ["no answer"] : [])];
  return {
    columns: answers.map((name) => `→ ${words(name)}`),
    rows: T.labels.map((truth, t) => [words(truth), answers.map((answer, a) => ({n: counts[t][a], of: counts[t].reduce((x, y) => x + y, 0), truth, answer, what: `truth ${words(truth)}, answer ${words(answer)}`}))]),
  };
}

function multiTable(classifier, rows) {
  return {
    columns: ["hit", "miss", "false alarm"],
    rows: T.labels.map((name, label) => {
      let hit = 0, miss = 0, alarm = 0;
      for (const row of rows) {
        const truth = T.sets[T.truth[row]].includes(label), code = classifier.label[row], given = code >= 0 && T.sets[code].includes(label);
        if (truth && given) hit++; else if (truth && code >= 0) miss++; else if (given) alarm++;
      }
      const of = hit + miss;
      return [words(name), [
        {n: hit, of, truth: name, answer: name, what: `${words(name)}, hit`}, {n: miss, of, truth: name, answer: `!${name}`, what: `${words(name)}, missed`},
        {n: alarm, of: hit + alarm, truth: `!${name}`, answer: name, what: `${words(name)}, false alarm`}]];
    }),
  };
}

const svg = (tag, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

// Rows that pass every filter but the range: brushing shows what lies outside, too.
function drawHistogram(rows) {
  const classifier = focusOf(state), what = probabilityOf(state), right = new Array(BINS).fill(0), wrong = new Array(BINS).fill(0);
  for (const row of rows) {
    const p = shownProbability(classifier, what, row);
    if (!Number.isNaN(p)) (isRight(classifier, row) ? right : wrong)[Math.min(BINS - 1, Math.floor(p * BINS))]++;
  }
  const most = Math.max(1, ...right.map((n, bin) => n + wrong[bin])), step = WIDTH / BINS, shapes = [];
  for (let bin = 0; bin < BINS; bin++) {
    const bad = wrong[bin] / most * HEIGHT, good = right[bin] / most * HEIGHT;
    shapes.push(svg("rect", {class: "wrong", x: bin * step + 1, width: step - 2, y: HEIGHT - bad, height: bad}), svg("rect", {class: "right", x: bin * step + 1, width: step - 2, y: HEIGHT - bad - good, height: good}));
  }
  const from = Number(state.from || 0), to = state.to === "" ? 1 : Number(state.to);
  if (state.from !== "" || state.to !== "") shapes.push(svg("rect", {class: "brush", x: from * WIDTH, width: Math.max(1, (to - from) * WIDTH), y: 0, height: HEIGHT}));
  const plot = byId("histogram");
  plot.replaceChildren(...shapes);
  plot.setAttribute("aria-label", `Histogram of probabilities of ${classifier.name}`);
  byId("from").value = state.from;
  byId("to").value = state.to;
  byId("of").value = what;
}

// Brush with a pointer: from where it is pressed to where it is let go, in steps of a bin; a click clears.
function brushHistogram() {
  const plot = byId("histogram");
  let start = null;
  const at = (event) => { const box = plot.getBoundingClientRect(); return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)); };
  plot.addEventListener("pointerdown", (event) => { start = at(event); plot.setPointerCapture(event.pointerId); event.preventDefault(); });
  plot.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const [low, high] = [start, at(event)].sort((a, b) => a - b);
    start = null;
    if (high - low < 0.5 / BINS) { change({from: "", to: ""}); return; }
    change({of: probabilityOf(state), from: String(Math.floor(low * BINS) / BINS), to: String(Math.ceil(high * BINS) / BINS)});
  });
}

function drawPair(rows) {
  const first = focusOf(state), second = secondOf(state), box = byId("pair");
  box.hidden = !second;
  if (!second) return;
  const test = pairedTest(first, second, rows);
  const cell = (n, who, name) => make("td", {class: "right"}, who ? make("button", {type: "button", class: "link", "aria-pressed": String(state.who === who), onclick: () => change({who: state.who === who ? "" : who})}, thousands(n)) : thousands(n), make("small", {}, name));
  const p = test.p < 0.001 ? "< .001" : `= ${decimals(test.p)}`;
  const verdict = test.n ? `${first.name} − ${second.name}: accuracy ${test.difference < 0 ? "−" : "+"}${decimals(Math.abs(test.difference))}; p ${p}, ${test.exact ? "exact " : ""}randomization of ${counted(test.groups, "group")}.` : "No row has an answer of both.";
  const described = choosesByOutcome(state) ? " Rows were chosen by the outcome: the test describes them." : "";
  byId("pair-table").replaceChildren(make("tbody", {}, make("tr", {}, cell(test.first, "first", `only ${first.name} right`), cell(test.second, "second", `only ${second.name} right`)),
    make("tr", {}, cell(test.neither, "neither", "both wrong"), cell(test.both, "", "both right"))));
  byId("pair-test").textContent = verdict + described;
}
