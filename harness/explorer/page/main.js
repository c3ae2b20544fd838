// The page: state in, everything drawn out; every change of the filter is a step of the back button.

let T = null, state = null, drawn = 0, pushes = true;
const TITLES = {party: "party", outlet: "outlet", holder: "holder", group: "group", fold: "fold", why: "words", slice: "slice", audit: "audit", truth: "truth", answer: "answer", outcome: "outcome", who: "pair", seeds: "seeds", votes: "votes", q: "search"};

function writeAddress(step) {
  const text = filterText(state);
  byId("filter-text").value = text;
  if (!pushes) return;
  try {
    history[step ? "pushState" : "replaceState"](null, "", `#${text}`);
  } catch {
    // A frame without an origin may not change its address: there the text beside the filters takes its place.
    pushes = false;
    byId("filter-box").open = true;
  }
}

function change(parts, step = true) {
  state = {...state, row: "", ...parts};
  sayLeftOut([]);
  if (!state.vs) state.who = "";
  writeAddress(step);
  draw();
}

async function draw() {
  const step = ++drawn, cancelled = () => step !== drawn;
  showControls();
  if (state.q && state.re && !(regexMatches.get(state.q) instanceof Uint8Array)) {
    byId("search-says").textContent = "searching … Rows and numbers are still those of the filter before.";
    const answer = await runRegex(state.q);
    if (cancelled()) return;
    if (typeof answer === "string") {
      byId("search-says").textContent = `${answer.replace(/[.!]$/, "")}. No rows are shown, as the search did not run.`;
      drawUnrun();
      document.documentElement.dataset.settled = String(step);
      return;
    }
    regexMatches.set(state.q, answer);
  }
  byId("search-says").textContent = "";
  const began = performance.now(), {before, rows} = filteredRows(state);
  list.selected = -1;
  byId("list").scrollTop = 0;
  showRows(rows);
  report(rows.length);
  const tallied = T.classifiers.map((classifier) => tallies(classifier, rows));
  drawScores(tallied, null);
  drawConfusion(rows);
  drawHistogram(before);
  const named = rowNamed(state.row), wanted = rows.indexOf(named);
  if (wanted >= 0) choose(wanted); else drawDetail(null);
  sayHidden(wanted < 0 ? named : -1);
  document.documentElement.dataset.drawn = String(Math.round(performance.now() - began));
  await pause();
  if (cancelled()) return;
  drawPair(rows);
  const ranges = [];
  for (const [number, tally] of tallied.entries()) {
    ranges.push(await intervals(T.classifiers[number], tally, cancelled));
    if (cancelled()) return;
  }
  drawScores(tallied, ranges);
  document.documentElement.dataset.settled = String(step);
}

// A search that did not run says nothing of any row: what stood here was about the filter before.
function drawUnrun() {
  list.selected = -1;
  sayHidden(-1);
  showRows(new Int32Array(0));
  byId("empty").hidden = true;
  byId("count").textContent = "not searched";
  drawDetail(null);
  blankScores();
}

function report(n) {
  const total = T.col.split.reduce((sum, code) => sum + (T.split[code] === state.split ? 1 : 0), 0);
  byId("count").textContent = `${thousands(n)} of ${counted(total, "row")}`;
}

function rowChosen(row) {
  state.row = row === null ? "" : nameOf(row);
  writeAddress(false);
  drawDetail(row);
}

// Open a row that the filter may hide: it stays if the row passes, else all filters go.
function openRow(row) {
  const position = list.rows.indexOf(row);
  if (position >= 0) choose(position);
  else change({...NOTHING, clf: state.clf, vs: state.vs, split: valueOf("split", row), row: nameOf(row)});
}

function showControls() {
  for (const element of document.querySelectorAll("[data-key]")) {
    if (element.type === "checkbox") element.checked = state[element.dataset.key] !== "";
    else if (element.tagName === "SELECT") select(element, element.id === "of" ? probabilityOf(state) : state[element.dataset.key]);
    else if (element !== document.activeElement) element.value = state[element.dataset.key];
  }
  if (byId("q") !== document.activeElement) byId("q").value = state.q;
  byId("clf").value = focusOf(state).name;
  byId("split").value = state.split;
  byId("who").disabled = !state.vs;
  const chips = Object.entries(TITLES).filter(([key]) => state[key]).map(([key, title]) => make("button", {type: "button", class: "chip", "aria-label": `remove ${title}: ${state[key]}`, onclick: () => change({[key]: ""})}, `${title}: ${words(state[key])} ×`));
  if (state.from !== "" || state.to !== "") chips.push(make("button", {type: "button", class: "chip", onclick: () => change({from: "", to: ""})}, `p(${words(probabilityOf(state))}): ${state.from || 0} to ${state.to || 1} ×`));
  byId("chips").replaceChildren(...chips, isFiltered(state) ? make("button", {type: "button", class: "chip all", onclick: () => change({...NOTHING, split: state.split, clf: state.clf, vs: state.vs})}, "clear all") : "");
}

// Of very many values a list offers the most frequent alone: another one that is chosen joins them.
function select(element, value) {
  element.value = value;
  if (element.value !== value) { element.append(make("option", {value}, value)); element.value = value; }
}

// Take a filter from a text, and say what of it this page does not know.
function readState(text) {
  const {filter, unknown} = readFilter(text);
  state = filter;
  byId("q").value = state.q;
  byId("filter-text").value = filterText(state);
  sayLeftOut(unknown);
}

function sayLeftOut(unknown) {
  byId("left-out").textContent = unknown.length ? `The address names what this page does not have; it was left out: ${unknown.join(", ")}.` : "";
}

// A link may name a row that the filter of the same link hides: the row is a click away, and its link says so.
function sayHidden(row) {
  const show = () => openRow(row);
  byId("hidden-row").replaceChildren(...(row < 0 ? [] : [`The address names the row ${nameOf(row)}, which its filter hides. `, make("button", {type: "button", onclick: show}, "show the row")]));
}

function options(id, pairs) {
  byId(id).replaceChildren(...pairs.map(([value, text]) => make("option", {value}, text)));
}

// The values of a column, the most frequent first; of very many, those that have most rows.
function facet(id, name) {
  const counts = new Map();
  for (const code of T.col[name]) counts.set(code, (counts.get(code) || 0) + 1);
  const values = [...counts].map(([code, n]) => [T[name][code], n]).filter(([value]) => value !== "").sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  options(id, [["", "any"], ...values.slice(0, 500).map(([value, n]) => [value, `${value} (${thousands(n)})`])]);
  byId(id).closest("label").hidden = values.length < 2;
}

function fillControls() {
  const names = T.classifiers.map((classifier) => [classifier.name, classifier.name]);
  options("clf", names);
  options("vs", [["", "none"], ...names]);
  options("split", T.split.filter(Boolean).map((name) => [name, name]));
  for (const [id, name] of [["party", "target"], ["outlet", "outlet"], ["fold", "fold"]]) facet(id, name);
  options("slice", [["", "any"], ...T.slices.map(([column, value, rows]) => [`${column}: ${value}`, `${column}: ${value} (${thousands(rows.length)})`])]);
  byId("slice").closest("label").hidden = !T.slices.length;
  options("audit", [["", "any"], ...T.auditNames.map((name) => [name, words(name)])]);
  byId("audit").closest("label").hidden = !T.auditNames.length;
  options("of", [...(T.multi ? [] : [["truth", "the true label"], ["answer", "the answer"]]), ...T.labels.map((name) => [name, words(name)])]);
  byId("why").closest("label").hidden = !T.why.size;
  byId("vs").closest("label").hidden = T.classifiers.length < 2;
  byId("who").closest("label").hidden = T.classifiers.length < 2;
  byId("votes").closest("label").hidden = T.votes.every((votes) => votes === "");
  byId("seeds").closest("label").hidden = T.classifiers.every((classifier) => classifier.seeds < 2);
  byId("of").closest("section").hidden = T.classifiers.every((classifier) => !classifier.stated);
}

function listen() {
  for (const element of document.querySelectorAll("[data-key]")) {
    const key = element.dataset.key;
    if (element.tagName === "SELECT" || element.type === "checkbox" || element.type === "number") {
      element.addEventListener("change", () => change({[key]: element.type === "checkbox" ? (element.checked ? "1" : "") : element.value}));
    }
  }
  byId("clf").addEventListener("change", (event) => change({clf: event.target.value, ...(state.vs === event.target.value ? {vs: ""} : {})}));
  let waiting = null;
  // While somebody types the address stays one step; a pause of a seventh of a second, and the list follows.
  byId("q").addEventListener("input", (event) => { clearTimeout(waiting); waiting = setTimeout(() => change({q: event.target.value}, false), 150); });
  byId("q").addEventListener("change", (event) => { clearTimeout(waiting); if (event.target.value !== state.q) change({q: event.target.value}); else writeAddress(true); });
  byId("list").addEventListener("scroll", drawRows, {passive: true});
  addEventListener("resize", () => { list.first = -1; showRows(list.rows); });
  addEventListener("popstate", () => { readState(location.hash); draw(); });
  byId("filter-text").addEventListener("change", (event) => { readState(event.target.value); writeAddress(true); draw(); });
  byId("to-filters").addEventListener("click", () => document.querySelector("aside").scrollIntoView());
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  document.addEventListener("keydown", pressed);
  brushHistogram();
}

function pressed(event) {
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.key === "Escape") {
    if (typing) { event.target.blur(); byId("list").focus(); } else if (list.selected >= 0) choose(-1); else return;
  } else if (typing) {
    return;
  } else if (!move(event)) {
    const act = {"/": () => { byId("q").focus(); byId("q").select(); }, "?": () => byId("help").showModal(), w: () => change({outcome: state.outcome === "wrong" ? "" : "wrong"}), x: () => change({...NOTHING, split: state.split, clf: state.clf, vs: state.vs}), c: nextClassifier}[event.key];
    if (!act) return;
    act();
  }
  event.preventDefault();
}

function move(event) {
  const inList = byId("list") === document.activeElement, page = Math.max(1, Math.floor(byId("list").clientHeight / rowHeight()) - 1);
  const steps = {j: 1, k: -1, ...(inList ? {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page} : {})};
  if (Object.hasOwn(steps, event.key)) { choose(Math.max(0, list.selected + steps[event.key])); return true; }
  if (inList && event.key === "Home") { choose(0); return true; }
  if (inList && event.key === "End") { choose(list.rows.length - 1); return true; }
  return false;
}

function nextClassifier() {
  const next = T.classifiers[(focusOf(state).number + 1) % T.classifiers.length];
  change({clf: next.name, ...(state.vs === next.name ? {vs: ""} : {})});
}

// Which classifier the page opens on: the one with the best macro-F1 over the rows of its first part.
function bestOf(table) {
  const rows = Int32Array.from({length: table.n}, (_, row) => row).filter((row) => table.split[table.col.split[row]] === "test");
  const values = table.classifiers.map((classifier) => score(tallies(classifier, rows)).f1);
  return table.classifiers[values.reduce((best, value, number) => value > values[best] ? number : best, 0)];
}

function drawTop() {
  const sizes = T.n < T.of ? `${thousands(T.n)} of ${counted(T.of, "row")} are here, so that the page stays small: ${T.wrong[0] < T.wrong[1] ? `a random sample of the ${thousands(T.wrong[1])} rows that a classifier labels wrongly` : "all rows that a classifier labels wrongly, and a random sample of the others"}. Numbers over the rows here are not those of the whole.` : "";
  const lines = [...T.notes, ...(sizes ? [sizes] : []), ...(T.shows_text ? [] : ["Sentences are left out because of tracking.log_text: false."])];
  if (T.fold.some((name) => name !== "")) lines.push("Folds drew validation rows anew: a row stands here once for each fold whose model has scored it.");
  byId("notes").replaceChildren(...lines.map((line) => make("p", {class: "notice"}, line)), T.why.size ? make("p", {class: "soft small"}, explainedNote()) : "");
  byId("notes").hidden = !byId("notes").textContent;
}

function explainedNote() {
  const isWrong = (row) => T.classifiers.some((classifier) => wasAsked(classifier, row) && !isRight(classifier, row));
  const explained = [...T.why.keys()], wrong = explained.filter(isWrong).length, part = valueOf("split", explained[0]);
  let all = 0;
  for (let row = 0; row < T.n; row++) if (valueOf("split", row) === part && isWrong(row)) all++;
  const which = wrong < all ? `${thousands(wrong)} of the ${thousands(all)} ${part} rows that a classifier labels wrongly, drawn at random` : `all ${thousands(all)} ${part} rows that a classifier labels wrongly${explained.length > wrong ? `, and ${thousands(explained.length - wrong)} others drawn at random` : ""}`;
  return `Words that moved a label are here for ${which}.`;
}

async function start() {
  try {
    T = await unpackData();
  } catch (error) {
    byId("notes").hidden = false;
    byId("notes").textContent = `The data of this page cannot be read: ${error.message}`;
    return;
  }
  T.best = bestOf(T);
  drawTop();
  drawHead();
  fillControls();
  readState(location.hash);
  listen();
  if (window !== window.top) byId("filter-box").open = true;
  document.body.dataset.classifiers = String(T.classifiers.length);
  document.body.style.setProperty("--classifiers", T.classifiers.length);
  document.body.style.setProperty("--lines", Math.ceil(T.classifiers.length / 4));
  await draw();
  startServed();
  byId("list").focus({preventScroll: true});
}

start();
