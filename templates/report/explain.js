/* Pictures of one design: the moment in the memory timeline. Boxes, dots and bars with a kernel are in page.js. */
(() => {
  const byId = (id) => document.getElementById(id);
  const memory = JSON.parse(byId("memory-data").textContent);
  const moment = byId("moment");
  if (!memory || !moment) return;
  const playhead = byId("playhead");
  const said = byId("moment-text");
  const body = byId("largest").tBodies[0];

  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  function bytesText(bytes) {
    let [size, at] = [bytes, 0];
    while (size >= 1024 && at < units.length - 1) [size, at] = [size / 1024, at + 1];
    return `${Number.isInteger(size) ? size : size.toPrecision(3)} ${units[at]}`;
  }

  function show(at) {
    const [kernel, scope, live] = memory.launches[at];
    const x = memory.left + ((at + 0.5) / memory.launches.length) * (memory.width - memory.left);
    playhead.setAttribute("x1", x);
    playhead.setAttribute("x2", x);
    said.textContent = `${at}: ${kernel} of ${scope}, ${bytesText(live)} live`;
    const rows = memory.buffers
      .filter(([, , from, to]) => from <= at && at <= to)
      .sort((a, b) => b[1] - a[1])
      .slice(0, 8)
      .map(([name, bytes, from, to]) => {
        const row = document.createElement("tr");
        const cells = [bytesText(bytes), name, from === to ? `launch ${from}` : `launches ${from} to ${to}`];
        cells.forEach((text, i) => {
          const cell = row.appendChild(document.createElement("td"));
          if (i === 0) cell.className = "number";
          if (i === 1) cell.appendChild(document.createElement("code")).textContent = text;
          else cell.textContent = text;
        });
        return row;
      });
    body.replaceChildren(...rows);
  }
  moment.addEventListener("input", () => show(Number(moment.value)));
  byId("timeline").addEventListener("click", (event) => {
    const box = byId("timeline").getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * memory.width;
    const at = Math.floor(((x - memory.left) / (memory.width - memory.left)) * memory.launches.length);
    moment.value = Math.min(memory.launches.length - 1, Math.max(0, at));
    show(Number(moment.value));
  });
  show(Number(moment.value));
})();
