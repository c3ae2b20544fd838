// What is read of a row in, elements and words that show it out.
"use strict";

// A label as people read it: the underscores of its name are no part of it.
const readable = (name) => name.replaceAll("_", " ");
const framesInWords = (frames) => frames === null ? "no answer" : frames.length ? frames.map(readable).join(", ") : "no frame";
const pieces = (row) => row.pieces.map(([text, marked]) => marked ? make("mark", {}, text) : text);
const decimals = (value) => value === null ? "–" : value.toFixed(2).replace("-", "−");

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function progressText(progress) {
  const parts = [`${progress.done} of ${progress.rows} rows`];
  if (progress.skipped) parts.push(`${progress.skipped} skipped`);
  if (progress.seconds !== null) {
    parts.push(`${progress.seconds < 10 ? progress.seconds.toFixed(1) : Math.round(progress.seconds)} s a row`);
    if (progress.done < progress.rows) parts.push(`about ${duration(progress.seconds_left)} left`);
  }
  return parts.join(" · ");
}

function choiceButton(key, label, pressed, press, title) {
  return make("button", { type: "button", "aria-pressed": pressed ? "true" : "false", onclick: press, title: title || null },
    key && make("kbd", {}, key), key && " ", label);
}

function drawCodebook(task) {
  const aside = byId("codebook");
  aside.replaceChildren();
  const labels = { stance: task.stances.map((name, k) => [name, String(k + 1)]), frames: task.frames.map(({ name, key }) => [name, key]) };
  const titles = { stance: "Stance toward the party", frames: "Frames of the sentence" };
  for (const question of task.asks) {
    const list = make("dl");
    for (const [name, key] of labels[question]) {
      list.append(make("dt", {}, make("kbd", {}, key), " ", readable(name)), make("dd", {}, task.definitions[question][name] || ""));
    }
    aside.append(make("h2", {}, titles[question]), list);
  }
  if (task.codebook) aside.append(make("div", { class: "own-codebook", tabindex: "0", "aria-label": "the codebook in full" }, task.codebook));
}

function drawAgreement(numbers) {
  const rows = numbers.questions.map((each) => make("tr", {},
    make("th", { scope: "row" }, readable(each.name)), make("td", { class: "number" }, decimals(each.value)),
    make("td", {}, each.low === null ? "–" : `${decimals(each.low)} to ${decimals(each.high)}`), make("td", { class: "number" }, String(each.n))));
  byId("agreement").replaceChildren(
    make("h2", {}, "Agreement"),
    make("p", {}, `${numbers.annotators} annotator${numbers.annotators === 1 ? "" : "s"}; ${numbers.voted} of ${numbers.rows} rows have a label, ${numbers.twice} have labels of two people or more. ${numbers.open} are in dispute, ${numbers.settled} were settled.`),
    make("table", {}, make("thead", {}, make("tr", {}, ...["question", "Krippendorff's alpha", "95 % interval", "rows"].map((title) => make("th", { scope: "col" }, title)))), make("tbody", {}, ...rows)),
    make("p", { class: "soft small" }, "1 is full agreement, 0 what chance would give; from .8 on labels count as reliable, below .667 no conclusion should rest on them (Krippendorff 2004). Settled labels do not count: whoever settles has seen the votes."));
}
