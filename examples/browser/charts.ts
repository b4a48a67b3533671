/** Two drawings on canvases: a curve that grows, and the load of experts as a heatmap. Nothing about training. */

/** Every value as a dot, their running mean as a line; the scale follows what is there. */
export function drawCurve(canvas: HTMLCanvasElement, values: readonly number[]): void {
  const pen = canvas.getContext("2d")!;
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  if (values.length === 0) return;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (i: number): number => 40 + ((width - 50) * i) / Math.max(1, values.length - 1);
  const y = (v: number): number => height - 15 - ((height - 30) * (v - least)) / Math.max(1e-6, most - least);
  const color = getComputedStyle(document.body).color;
  pen.fillStyle = color;
  pen.font = "11px ui-monospace, monospace";
  pen.fillText(most.toFixed(2), 4, y(most) + 4);
  pen.fillText(least.toFixed(2), 4, y(least) + 4);
  pen.globalAlpha = 0.35;
  for (const [i, v] of values.entries()) pen.fillRect(x(i) - 1, y(v) - 1, 2, 2);
  pen.globalAlpha = 1;
  pen.strokeStyle = getComputedStyle(canvas).color;
  pen.lineWidth = 2;
  pen.beginPath();
  let mean = values[0]!;
  values.forEach((v, i) => {
    mean += (v - mean) * Math.max(0.1, 1 / (i + 1));
    pen.lineTo(x(i), y(mean));
  });
  pen.stroke();
}

/** A row of cells for each mixture; the further from the paper's colour, the larger the share of its tokens. */
export function drawLoad(canvas: HTMLCanvasElement, loads: readonly ArrayLike<number>[]): void {
  const pen = canvas.getContext("2d")!;
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  pen.font = "12px ui-monospace, monospace";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  for (const [layer, load] of loads.entries()) {
    const counts = Array.from(load);
    const total = Math.max(
      1,
      counts.reduce((a, b) => a + b, 0),
    );
    const most = Math.max(1, ...counts);
    const [w, h] = [width / counts.length, height / loads.length];
    for (const [expert, count] of counts.entries()) {
      const strength = count / most;
      pen.fillStyle = `hsl(20 70% ${dark ? 14 + 44 * strength : 92 - 60 * strength}%)`;
      pen.fillRect(expert * w + 1, layer * h + 1, w - 2, h - 2);
      pen.fillStyle = dark || strength > 0.6 ? "#fff" : "#333";
      pen.fillText(`${((100 * count) / total).toFixed(0)}%`, expert * w + 6, layer * h + h / 2 + 4);
    }
  }
}
