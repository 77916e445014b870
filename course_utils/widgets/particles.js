// Particles in the page: computes what draw of particles.py computes, from what its page() has sent, in float64. The driver
// has the methods of those in drivers.js.

// How likely each village is for a particle at (x, y), the likeliest one as 1, and E[x₀|x_t] of each.
function told(x, y, alpha, sigma, { weights, means, variances }) {
  const logs = weights.map((weight, k) => {
    const variance = alpha ** 2 * variances[k] + sigma ** 2, dx = x - alpha * means[k][0], dy = y - alpha * means[k][1];
    const share = (alpha * variances[k]) / variance;
    return [Math.log(weight) - Math.log(variance) - (0.5 * (dx * dx + dy * dy)) / variance, means[k][0] + share * dx, means[k][1] + share * dy];
  });
  const highest = Math.max(...logs.map(([log]) => log));
  return logs.map(([log, ...mean]) => [Math.exp(log - highest), ...mean]);
}

function mean(parts) {
  let total = 0, x = 0, y = 0;
  for (const [r, a, b] of parts) [total, x, y] = [total + r, x + r * a, y + r * b];
  total = Math.max(total, 1e-300);
  return [x / total, y / total];
}

// E[x₀|x_t], or with a wish, which is a label plus 1, that of its villages, led away from that of all.
export function denoised(x, y, alpha, sigma, villages, wish, guidance) {
  const parts = told(x, y, alpha, sigma, villages), all = mean(parts);
  if (!wish) return all;
  const there = mean(parts.filter((_, k) => villages.labels[k] === wish - 1));
  return there.map((value, k) => value + guidance * (value - all[k]));
}

// Where the particles are at each time up to now: an array of places for each of the times.
export function ways({ noise, villages, alphas, sigmas }, wish, guidance, nSteps, now) {
  const found = [noise], stride = (alphas.length - 1) / nSteps;
  for (let k = 0; k < now; k += stride) {
    const start = found.at(-1), [a, s] = [alphas[k], sigmas[k]];
    const steps = start.map(([x, y]) => {
      const [cx, cy] = denoised(x, y, a, s, villages, wish, guidance);
      return [cx, cy, (x - a * cx) / s, (y - a * cy) / s];
    });
    for (let i = k + 1; i <= k + stride; i++) {
      found.push(steps.map(([cx, cy, ex, ey]) => [alphas[i] * cx + sigmas[i] * ex, alphas[i] * cy + sigmas[i] * ey]));
    }
  }
  return found.slice(0, now + 1);
}

// What the panel shows for these values of its sliders: svg, numbers and alt, as draw of particles.py gives them.
export function frame(page, { time, guidance, wish, steps }) {
  const { villages, left, across, top, up, colours, noise } = page, nSteps = page.steps[steps];
  const x = ways(page, wish, guidance, nSteps, time), last = x.at(-1), t = page.times[time].toFixed(2);
  const place = ([a, b], between) => (left + across * a).toFixed(1) + between + (top + up * b).toFixed(1);
  const trails = noise.slice(0, page.trails).map((_, k) => {
    const points = x.map((places) => place(places[k], ",")).join(" ");
    return `<polyline points="${points}" fill="none" stroke="${colours[0]}" stroke-width="1.5"/>`;
  });
  const dots = last.map((particle) => `M${place(particle, " ")}h.01`).join("");
  const path = `<path d="${dots}" stroke="${colours[1]}" stroke-opacity="0.7" stroke-width="5" stroke-linecap="round" fill="none"/>`;
  const sums = villages.weights.map(() => 0);
  for (const [a, b] of last) {
    const likely = told(a, b, page.alphas[time], page.sigmas[time], villages), total = likely.reduce((sum, [r]) => sum + r, 0);
    likely.forEach(([r], k) => (sums[k] += r / total));
  }
  const shares = sums.map((sum) => (sum / noise.length).toFixed(2));
  const named = shares.map((share, k) => [`village ${k + 1}, ${villages.names[villages.labels[k]]}`, share]);
  const asked = wish ? `asked for ${villages.names[wish - 1]} with guidance ${guidance.toFixed(1)}` : "asked for anyone";
  return {
    svg: trails.join("") + path,
    numbers: named,
    alt: `At time ${t} of a way of ${nSteps} steps ${noise.length} particles, ${asked}. Shares of villages 1 to ${shares.length}: ${shares.join(", ")}.`,
  };
}

export function particlesDriver(model) {
  return {
    buttons: model.get("buttons"),
    named: (label) => label,
    lacks: () => "",
    move(moved) {
      const values = { ...model.get("values"), ...moved };
      model.set("values", values);
      for (const [name, value] of Object.entries(frame(model.get("page"), values))) model.set(name, value);
      model.set("drawn", model.get("drawn") + 1);
      model.save_changes(); // the kernel hears of it all, and has nothing to answer
    },
    press() {},
    click() {},
    waiting: () => ({}),
    stop() {},
  };
}
