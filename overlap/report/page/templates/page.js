"use strict";
(function () {
  const byId = (name) => document.getElementById(name);
  document.querySelectorAll(".needs-script").forEach((element) => { element.hidden = false; });

  // The theme: the system's until the button is pressed.
  const theme = byId("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
  });
  system.addEventListener("change", nameTheme);
  theme.setAttribute("aria-description", "changes the colours of this page");
  nameTheme();

  // Folded tables are printed in full, also where the style sheet cannot open them.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details.folded").forEach((element) => { element.open = true; });
  });

  // Copying: the clipboard where the browser lets us, else by a selection.
  document.querySelectorAll(".copy").forEach((button) => {
    button.addEventListener("click", async () => {
      const source = byId(button.dataset.copies);
      let done = true;
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        const selection = window.getSelection();
        selection.selectAllChildren(source);
        done = document.execCommand("copy");
      }
      byId("copied").textContent = done ? "Copied: " + source.textContent : "Press Ctrl+C to copy the selection.";
    });
  });

  // Sorting tables: numbers by value, what is missing last.
  const valueOf = (cell) => {
    const text = cell.textContent.trim();
    const number = parseFloat(text.replace(/[,≤<]/g, ""));
    if (/^[<≤]?\s*-?[\d,]*\.?\d+(e[+-]?\d+)?(\s|$|%)/i.test(text)) {
      return text.startsWith("<") ? number * 0.999 : number;
    }
    return null;
  };
  const compare = (a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x !== null && y !== null) return x - y;
    return a.textContent.localeCompare(b.textContent, undefined, { numeric: true });
  };
  const sortBy = (table, header, column) => {
    const wasDescending = header.getAttribute("aria-sort") === "descending";
    const isNumber = header.classList.contains("number");
    const wasSorted = header.hasAttribute("aria-sort");
    const direction = wasSorted ? (wasDescending ? "ascending" : "descending") : (isNumber ? "descending" : "ascending");
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    const body = table.tBodies[0];
    const sign = direction === "ascending" ? 1 : -1;
    const missing = (row) => row.cells[column].textContent.trim() === "–";
    const rows = Array.from(body.rows);
    rows.sort((a, b) => (missing(a) - missing(b)) || sign * compare(a.cells[column], b.cells[column]));
    body.append(...rows);
  };
  document.querySelectorAll("table[data-sortable]").forEach((table) => {
    Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, header, column));
    });
  });

  // Matches: filtered and paged from the data; every text becomes a text node.
  const data = byId("matches-data");
  if (!data) return;
  const pageSize = 20;
  const { columns, rows } = JSON.parse(data.textContent);
  const at = Object.fromEntries(columns.map((name, index) => [name, index]));
  const form = byId("filters");
  const [list, count, template] = [byId("list"), byId("count"), byId("match")];
  const searched = ["id", "place", "test_before", "test_text", "test_after", "train_before", "train_text", "train_after"];
  let chosen = rows;
  let page = 0;
  let texts = null; // made when a text is first looked for
  const textOf = (index) => {
    if (!texts) texts = new Array(rows.length);
    return texts[index] ??= searched.map((name) => rows[index][at[name]]).join("\n").toLowerCase();
  };
  const shownAs = (name, value) => {
    if (name === "share") return String(value === 0 || value === 1 ? 100 * value : Math.min(99, Math.max(1, Math.round(100 * value))));
    return typeof value === "number" ? value.toLocaleString("en-US") : value;
  };
  const drawn = (row) => {
    const item = template.content.cloneNode(true);
    item.querySelector(".match").dataset.kind = row[at.kind];
    item.querySelectorAll("[data-field]").forEach((place) => {
      place.textContent = shownAs(place.dataset.field, row[at[place.dataset.field]]);
    });
    item.querySelectorAll("[data-plural]").forEach((place) => {
      place.textContent = row[at[place.dataset.plural]] === 1 ? "" : "s";
    });
    return item;
  };
  const number = (value) => value.toLocaleString("en-US");
  const draw = () => {
    const pages = Math.max(1, Math.ceil(chosen.length / pageSize));
    page = Math.min(Math.max(page, 0), pages - 1);
    const first = page * pageSize;
    const shown = chosen.slice(first, first + pageSize);
    list.replaceChildren(...shown.map(drawn));
    count.textContent = shown.length
      ? `${number(first + 1)} to ${number(first + shown.length)} of ${number(chosen.length)} matches`
      : `None of the ${number(rows.length)} in this page is like that.`;
    byId("page-number").textContent = `Page ${number(page + 1)} of ${number(pages)}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page === pages - 1;
    byId("pager").hidden = pages === 1;
  };
  const orders = {
    units: (a, b) => b[at.units] - a[at.units],
    share: (a, b) => b[at.share] - a[at.share] || b[at.units] - a[at.units],
    example: (a, b) => a[at.example] - b[at.example] || a[at.first] - b[at.first],
  };
  const choose = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const least = Number(wanted.units) || 0;
    const text = wanted.text.trim().toLowerCase();
    const kept = [];
    rows.forEach((row, index) => {
      if ((wanted.test && row[at.test] !== wanted.test) || (wanted.train && row[at.train] !== wanted.train)) return;
      if ((wanted.kind && row[at.kind] !== wanted.kind) || row[at.units] < least) return;
      if (text && !textOf(index).includes(text)) return;
      kept.push(row);
    });
    chosen = kept.sort(orders[wanted.order] || orders.units);
    page = 0;
    draw();
  };
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(choose, 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); choose(); });
  const turn = (step) => {
    page += step;
    draw();
    byId("matches").scrollIntoView();
    count.focus({ preventScroll: true });
  };
  count.tabIndex = -1;
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  document.querySelectorAll(".see-matches").forEach((link) => {
    link.addEventListener("click", () => { form.elements.test.value = link.dataset.test; choose(); });
  });
  draw();
})();
