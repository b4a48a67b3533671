/* What all pages do: choose kernels, lay two texts side by side, colour them. All data is in the page. */
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  function flipTheme() {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }
  byId("theme").addEventListener("click", flipTheme);

  /* a link into a folded table unfolds it */
  function reveal() {
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    let folded = target?.closest("details");
    if (!folded) return;
    for (; folded; folded = folded.parentElement.closest("details")) folded.open = true;
    target.scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  const kernels = JSON.parse(byId("kernel-data").textContent);
  const list = byId("list");
  if (!list) return;
  const options = [...list.querySelectorAll(".kernel")];
  const detail = byId("kernel");
  const only = byId("only") ?? { checked: false, addEventListener() {} };
  const target = byId("target");
  let chosen = -1;

  for (const name of new Set(kernels.map((kernel) => kernel.target))) target.add(new Option(name, name));
  if (target.options.length < 2) target.hidden = true;

  const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => escapes[c]);

  const keywords = new Set(
    "static inline const volatile restrict return if else for while do break continue enum struct typedef sizeof goto switch case default fn var let override workgroup storage read_write private uniform function extern __global__ __device__ __shared__ __restrict__ template typename".split(
      " ",
    ),
  );
  const types = new Set(
    "void int float double char unsigned signed long short bool size_t ptrdiff_t vf vi worker block KERNEL f32 f16 i32 u32 vec2 vec3 vec4 mat4x4 array atomic int32_t uint32_t uint8_t half __nv_bfloat16".split(
      " ",
    ),
  );
  const tokens =
    /(\/\*[\s\S]*?\*\/|\/\/[^\n]*)|("(?:[^"\\\n]|\\.)*")|(#\s*[a-z]+)|([A-Za-z_]\w*)|((?:0x[\da-fA-F]+|\d+\.?\d*(?:e[+-]?\d+)?)[fuUlL]*)/g;

  /* [start, end, class] of every token of a whole text: comments may span lines */
  function colours(text) {
    const found = [];
    for (const token of text.matchAll(tokens)) {
      const [all, comment, string, directive, word, number] = token;
      const kind = comment
        ? "m"
        : string
          ? "s"
          : directive
            ? "k"
            : number
              ? "n"
              : kindOf(word, text[token.index + all.length]);
      if (kind) found.push([token.index, token.index + all.length, kind]);
    }
    return found;
  }
  const kindOf = (word, next) => (keywords.has(word) ? "k" : types.has(word) ? "y" : next === "(" ? "f" : "");

  /* lines with their colours, each relative to its line */
  function linesOf(text) {
    let start = 0;
    let first = 0;
    const all = colours(text);
    return text.split("\n").map((line) => {
      const end = start + line.length;
      while (first < all.length && all[first][1] <= start) first++;
      const own = [];
      for (let i = first; i < all.length && all[i][0] < end; i++)
        own.push([Math.max(0, all[i][0] - start), Math.min(end, all[i][1]) - start, all[i][2]]);
      start = end + 1;
      return { line, own };
    });
  }

  /* one line as HTML: colours and marks are cut at each other's ends */
  function lineHtml({ line, own }, marks, links) {
    const cuts = new Set([0, line.length, ...marks, ...own.map(([from]) => from), ...own.map(([, to]) => to)]);
    const places = [...cuts].filter((at) => at <= line.length).sort((a, b) => a - b);
    let html = "";
    for (let i = 0; i + 1 < places.length; i++) {
      const [from, to] = [places[i], places[i + 1]];
      const colour = own.find(([a, b]) => a <= from && to <= b);
      let piece = escaped(line.slice(from, to));
      if (colour && colour[2] === "m") piece = linked(piece, links);
      if (colour) piece = `<span class="${colour[2]}">${piece}</span>`;
      let marked = false;
      for (let m = 0; m < marks.length; m += 2) if (marks[m] <= from && to <= marks[m + 1]) marked = true;
      html += marked ? `<mark>${piece}</mark>` : piece;
    }
    return html;
  }

  /* paths of the design in comments lead to their line */
  function linked(html, links) {
    return links.reduce(
      (text, [path, id, where]) =>
        text.replace(
          new RegExp(`(^|[^\\w.#-])(${path.replace(/[.[\]]/g, "\\$&")})(?![\\w.\\[-])`, "g"),
          `$1<a href="#${escaped(id)}" title="${escaped(where)}">$2</a>`,
        ),
      html,
    );
  }

  function textHtml(kernel) {
    const data = kernel.text;
    const links = (side) =>
      kernel.from
        .filter((each) => (each.side === side || each.side === "") && each.id)
        .map(({ path, id, where }) => [path, id, where])
        .sort((a, b) => b[0].length - a[0].length);
    const [before, after] = [linesOf(data.before), linesOf(data.after)];
    if (data.rows.length === 0) return single(data.after || data.before, links(data.after ? "after" : "before"));
    const [linksBefore, linksAfter] = [links("before"), links("after")];
    const all = data.rows.flatMap((row) =>
      row[0] === "s" ? Array.from({ length: row[3] }, (_, i) => ["s", row[1] + i, row[2] + i, [], []]) : [row],
    );
    const near = all.map((_, i) => all.slice(Math.max(0, i - 3), i + 4).some(([status]) => status !== "s"));
    let html = "";
    let folded = 0;
    const fold = () => {
      if (folded > 0)
        html += `<tr><td class="fold" colspan="4">${folded} ${folded === 1 ? "line" : "lines"} the same</td></tr>`;
      folded = 0;
    };
    all.forEach(([status, b, a, marksB, marksA], i) => {
      if (only.checked && !near[i]) {
        folded++;
        return;
      }
      fold();
      html += `<tr class="row-${status}"><td class="at">${b || ""}</td><td class="b">${b ? lineHtml(before[b - 1], status === "c" ? marksB : [], linksBefore) : ""}</td><td class="at">${a || ""}</td><td class="a">${a ? lineHtml(after[a - 1], status === "c" ? marksA : [], linksAfter) : ""}</td></tr>`;
    });
    fold();
    return `<div class="text" tabindex="0" aria-label="both texts"><table><colgroup><col style="width:3.2rem"><col><col style="width:3.2rem"><col></colgroup><tbody>${html}</tbody></table></div>`;
  }

  function single(text, links) {
    const rows = linesOf(text).map(
      (line, i) => `<tr><td class="at">${i + 1}</td><td>${lineHtml(line, [], links)}</td></tr>`,
    );
    return `<div class="text" tabindex="0" aria-label="the text"><table><colgroup><col style="width:3.2rem"><col></colgroup><tbody>${rows.join("")}</tbody></table></div>`;
  }

  function show(index) {
    chosen = index;
    for (const option of options) option.setAttribute("aria-selected", String(Number(option.dataset.index) === index));
    const kernel = kernels[index];
    if (!kernel) return;
    if (kernel.target !== target.value) {
      target.value = kernel.target;
      filter();
    }
    list.setAttribute("aria-activedescendant", `kernel-${index}`);
    const facts = kernel.facts.map(([name, b, a]) =>
      b === a
        ? `<tr><th scope="row">${escaped(name)}</th><td colspan="2">${escaped(b)}</td></tr>`
        : `<tr class="changed"><th scope="row">${escaped(name)}</th><td>${escaped(b)}</td><td>${escaped(a)}</td></tr>`,
    );
    const from = kernel.from.map(
      ({ side, path, id, where }) =>
        `<span class="origin ${side}">${id ? `<a href="#${escaped(id)}">${escaped(path)}</a>` : escaped(path)} <small>${escaped(`${side} ${where}`.trim())}</small></span>`,
    );
    const { before, after, rows } = kernel.text;
    const same = rows.length === 0 && before !== "" && after === "" && kernel.status !== "removed";
    detail.innerHTML = `<h3>${escaped(kernel.role)} <span class="status ${kernel.status}">${kernel.status}</span></h3><p class="note">${escaped(kernel.words)}</p><p>${from.join(" ")}</p><table><tbody>${facts.join("")}</tbody></table>${same ? '<p class="note">The text is the same on both sides.</p>' : ""}${textHtml(kernel)}`;
    detail.dataset.kernel = kernel.role;
  }

  /* boxes, dots and bars lead to their kernel, by mouse and by keyboard */
  for (const each of document.querySelectorAll("[data-kernel]")) {
    const index = Number(each.dataset.kernel);
    if (index < 0) continue;
    if (!each.matches("a, button")) {
      each.setAttribute("tabindex", "0");
      each.setAttribute("role", "link");
    }
    const open = (event) => {
      event.preventDefault();
      show(index);
      options[index].scrollIntoView({ block: "nearest" });
      detail.scrollIntoView({ block: "start", behavior: "smooth" });
    };
    each.addEventListener("click", open);
    each.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") open(event);
    });
  }

  const visible = () => options.filter((option) => !option.hidden);
  function step(by) {
    const shown = visible();
    const at = shown.findIndex((option) => Number(option.dataset.index) === chosen);
    const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
    if (!next) return;
    show(Number(next.dataset.index));
    next.scrollIntoView({ block: "nearest" });
  }

  const boxes = [...document.querySelectorAll(".filters input[value]:not(#only)")];
  const search = byId("search");
  function filter() {
    const statuses = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const wanted = search.value.trim().toLowerCase();
    for (const option of options)
      option.hidden =
        option.dataset.target !== target.value ||
        !statuses.has(option.dataset.status) ||
        !option.textContent.toLowerCase().includes(wanted);
    for (const box of boxes) {
      const own = options.filter(
        (option) => option.dataset.target === target.value && option.dataset.status === box.value,
      );
      box.parentElement.querySelector(".count").textContent = own.length;
      box.parentElement.hidden = own.length === 0;
    }
  }
  for (const box of boxes) box.addEventListener("change", filter);
  search.addEventListener("input", filter);
  only.addEventListener("change", () => show(chosen));
  target.addEventListener("change", () => {
    filter();
    const first = options.find((option) => !option.hidden);
    if (first) show(Number(first.dataset.index));
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest(".kernel");
    if (option) show(Number(option.dataset.index));
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e6, End: 1e6 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "t") flipTheme();
    else if (event.key === "d") {
      only.checked = !only.checked;
      show(chosen);
    } else if (event.key === "/") {
      event.preventDefault();
      search.focus();
    }
  });
  filter();
  if (kernels.length > 0) show(0);
})();
