// Rows in, scores and a paired test out; as the harness computes them: means over seeds, whose repeats are pooled.

const RANDOMIZATIONS = 9999;

// A generator of numbers in [0, 1), the same in every browser (mulberry32).
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Counts by cluster and seed: items, right ones, and for each label hits, false alarms and misses.
function tallies(classifier, rows) {
  const width = 2 + 3 * T.labels.length, size = width * classifier.seeds / classifier.repeats, n = T.n, truths = T.truth, cluster = T.cluster;
  const numbers = new Int32Array(T.group.length + n).fill(-1), starts = new Int32Array(rows.length);
  let clusters = 0, asked = 0, missing = false;
  for (let i = 0; i < rows.length; i++) {
    if (classifier.label[rows[i]] === NOT_SCORED) { starts[i] = -1; continue; }
    asked++;
    const of = cluster[rows[i]];
    if (numbers[of] < 0) numbers[of] = clusters++;
    starts[i] = numbers[of] * size;
  }
  const counts = new Float64Array(clusters * size);
  for (let seed = 0; seed < classifier.seeds; seed++) {
    const codes = classifier.codes.subarray(seed * n, (seed + 1) * n);
    for (let i = 0; i < rows.length; i++) {
      if (starts[i] < 0) continue;
      const code = codes[rows[i]], truth = truths[rows[i]], at = starts[i] + Math.floor(seed / classifier.repeats) * width;
      if (code === NOT_SCORED) continue;
      missing ||= code === MISSING;
      counts[at]++;
      if (code === truth) counts[at + 1]++;
      // Of a single-label task, the number of a set is that of its label.
      if (!T.multi) {
        counts[at + 2 + 3 * truth + (code === truth ? 0 : 2)]++;
        if (code >= 0 && code !== truth) counts[at + 2 + 3 * code + 1]++;
        continue;
      }
      for (const label of T.sets[truth]) counts[at + 2 + 3 * label + (code >= 0 && T.sets[code].includes(label) ? 0 : 2)]++;
      if (code >= 0) for (const label of T.sets[code]) if (!T.sets[truth].includes(label)) counts[at + 2 + 3 * label + 1]++;
    }
  }
  return {counts, size, width, clusters, missing, n: asked};
}

// Accuracy and macro-F1, means over seeds; F1 of a label that neither occurs nor is given is 0, as in the harness.
function scoresOf(sums, width) {
  let accuracy = 0, f1 = 0, seeds = 0;
  for (let at = 0; at < sums.length; at += width) {
    if (!sums[at]) continue;
    seeds++;
    accuracy += sums[at + 1] / sums[at];
    let total = 0;
    for (let cell = at + 2; cell < at + width; cell += 3) {
      const below = 2 * sums[cell] + sums[cell + 1] + sums[cell + 2];
      total += below ? 2 * sums[cell] / below : 0;
    }
    f1 += total / T.labels.length;
  }
  return seeds ? {accuracy: accuracy / seeds, f1: f1 / seeds} : {accuracy: NaN, f1: NaN};
}

function summed(tally) {
  const sums = new Float64Array(tally.size);
  for (let i = 0; i < tally.counts.length; i++) sums[i % tally.size] += tally.counts[i];
  return sums;
}

const score = (tally) => scoresOf(summed(tally), tally.width);

const pause = () => new Promise((resolve) => setTimeout(resolve));

// Two classifiers on the same rows: who is right where, and a randomization test of the difference in accuracy that
// swaps them group by group (exact where there are few groups, else drawn).
function pairedTest(first, second, rows) {
  const both = rows.filter((row) => wasAsked(first, row) && wasAsked(second, row));
  const table = {both: 0, first: 0, second: 0, neither: 0}, byCluster = new Map();
  for (const row of both) {
    const a = isRight(first, row), b = isRight(second, row);
    table[a ? (b ? "both" : "first") : (b ? "second" : "neither")]++;
    const difference = shareRight(first, row) - shareRight(second, row);
    byCluster.set(T.cluster[row], (byCluster.get(T.cluster[row]) || 0) + difference);
  }
  const sums = Float64Array.from([...byCluster.values()].filter((sum) => Math.abs(sum) > 1e-12));
  const total = sums.reduce((sum, value) => sum + value, 0);
  return {...table, n: both.length, groups: byCluster.size, difference: both.length ? total / both.length : NaN, ...signFlips(sums, total)};
}

function shareRight(classifier, row) {
  let right = 0, asked = 0;
  for (let seed = 0; seed < classifier.seeds; seed++) {
    const code = classifier.codes[seed * T.n + row];
    if (code === NOT_SCORED) continue;
    asked++;
    if (code === T.truth[row]) right++;
  }
  return asked ? right / asked : 0;
}

function signFlips(sums, total) {
  if (!sums.length) return {p: 1, exact: true};
  const observed = Math.abs(total) - 1e-9, exact = sums.length <= 13;
  let extreme = 0;
  if (exact) {
    for (let signs = 0; signs < 2 ** sums.length; signs++) {
      let sum = 0;
      for (let i = 0; i < sums.length; i++) sum += signs >> i & 1 ? sums[i] : -sums[i];
      if (Math.abs(sum) >= observed) extreme++;
    }
    return {p: extreme / 2 ** sums.length, exact};
  }
  // So many draws that 100,000 groups do not hold the page up; the draw itself counts as one of them.
  const draws = Math.min(RANDOMIZATIONS, Math.max(999, Math.floor(2e7 / sums.length))), next = randomNumbers(sums.length);
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (let i = 0; i < sums.length; i++) sum += next() < 0.5 ? sums[i] : -sums[i];
    if (Math.abs(sum) >= observed) extreme++;
  }
  return {p: (extreme + 1) / (draws + 1), exact};
}
