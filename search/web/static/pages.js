"use strict";

// Keeps a page as new as the server's figures; everything works without it, but for sorting and filtering.

const root = document.body.dataset.root;
const FASTEST = 2000, PAGES = 5000, SLOWEST = 60000, SHARE = 30; // a reader takes at most one part in thirty of the server

function later(took, fastest) {
  return Math.min(SLOWEST, Math.max(fastest, SHARE * took));
}

function lost(since) {
  const note = document.getElementById("lost");
  note.hidden = since === null;
  if (since !== null) note.textContent = `The server has not answered since ${since}. Shown is what was last known.`;
}

async function poll(ask, fastest) {
  let wait = fastest, since = null;
  for (;;) {
    await new Promise((done) => setTimeout(done, wait));
    if (document.hidden) continue;
    try {
      wait = later(1000 * await ask(), fastest);
      since = null;
    } catch (error) {
      since = since || new Date().toTimeString().slice(0, 5);
      wait = 5000;
    }
    lost(since);
  }
}

/* Put new content in an element; open details and the focus stay. */
function refill(element, content) {
  const open = [...element.querySelectorAll("details[open]")].map((each) => each.id);
  const focus = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.innerHTML = content;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focus) document.getElementById(focus)?.focus();
}

/* The overview. */

function overview(board) {
  const body = board.tBodies[0], filters = document.getElementById("filters");
  const architectures = board.dataset.architectures.split(" ");
  const figures = { state: 0, trials: 1, val: 2, test: 3, ceiling: 4, verdict: 5 };
  const given = new URLSearchParams(location.search);
  for (const field of filters.elements) if (field.name) field.value = given.get(field.name) || "";
  let sort, down;
  order(given.get("sort") || "");

  function order(text) {
    [sort, down] = [text.replace(/^-/, ""), text.startsWith("-")];
  }

  function value(row, key) {
    const [name, figure] = key.split(".");
    if (figure === undefined) return key === "experiment" ? row.id : row.cells[0].textContent;
    let cell = 2;
    for (const each of architectures) {
      if (each === name) break;
      cell += row.cells[cell].colSpan > 1 ? 1 : 6;
    }
    if (row.cells[cell].colSpan > 1) return "";
    return row.cells[cell + figures[figure]].dataset.v;
  }

  function compare(one, other) {
    if (one === "" || other === "") return (one === "") - (other === ""); // what has no figure stands last
    const order = isNaN(one) || isNaN(other) ? one.localeCompare(other, "en", { numeric: true }) : one - other;
    return down ? -order : order;
  }

  const places = new Map([...body.rows].map((row, place) => [row.id, place]));

  function arrange() {
    const arranged = board.dataset.arranged === "yes";
    if (sort || arranged) {
      board.dataset.arranged = sort ? "yes" : "no";
      const rows = [...body.rows].map((row) => [sort ? value(row, sort) ?? "" : places.get(row.id), row]);
      const before = rows.map(([, row]) => row);
      rows.sort((one, other) => compare(one[0], other[0]));
      if (rows.some(([, row], place) => row !== before[place])) body.append(...rows.map(([, row]) => row));
    }
    for (const button of board.tHead.querySelectorAll("[data-sort]")) {
      const here = button.dataset.sort === sort;
      button.closest("th").ariaSort = here ? (down ? "descending" : "ascending") : "none";
    }
  }

  function filter() {
    const wanted = Object.fromEntries(new FormData(filters));
    const text = wanted.q.trim().toLowerCase(), motif = wanted.motif.trim().toUpperCase().replaceAll("T", "U");
    let shown = 0;
    for (const row of body.rows) {
      const { text: name, species, state, motif: motifs } = row.dataset;
      row.hidden = !(
        name.includes(text) && motifs.includes(motif) && (!wanted.species || species === wanted.species) &&
        (!wanted.state || state.split(" ").includes(wanted.state))
      );
      shown += !row.hidden;
    }
    const all = body.rows.length;
    document.getElementById("shown").textContent =
      (shown === all ? "" : `${shown} of `) + (all === 1 ? "1 experiment" : `${all} experiments`);
  }

  function remember() {
    const query = new URLSearchParams();
    for (const [name, text] of new FormData(filters)) if (text) query.set(name, text);
    query.delete("sort");
    if (sort) query.set("sort", (down ? "-" : "") + sort);
    history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : ""));
  }

  function count() {
    const picked = body.querySelectorAll("input:checked").length, bar = document.getElementById("chosen");
    bar.hidden = picked === 0;
    bar.querySelector("span").textContent = picked === 1 ? "1 study" : `${picked} studies`;
  }

  filters.addEventListener("input", (event) => {
    if (event.target.name === "sort") { order(event.target.value); arrange(); }
    filter();
    remember();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  body.addEventListener("change", count);
  board.tHead.addEventListener("click", (event) => {
    const key = event.target.dataset?.sort;
    if (!key) return;
    const falling = /\.(val|test|ceiling|trials)$/.test(key); // the highest figure first
    [sort, down] = [key, key === sort ? !down : falling];
    arrange();
    remember();
  });
  arrange();
  filter();
  count();

  function replace(id, html) {
    const fresh = document.createElement("tbody");
    fresh.innerHTML = html;
    const row = fresh.rows[0], old = document.getElementById(id);
    if (!old) {
      places.set(id, places.size);
      return body.append(row);
    }
    const picked = [...old.querySelectorAll("input:checked")].map((input) => input.value);
    const focus = old.contains(document.activeElement) ? [...old.querySelectorAll("a, input")].indexOf(document.activeElement) : -1;
    old.replaceWith(row);
    for (const input of row.querySelectorAll("input")) input.checked = picked.includes(input.value);
    if (focus >= 0) row.querySelectorAll("a, input")[focus]?.focus();
  }

  return async () => {
    const answer = await fetch(`${root}/changes?since=${board.dataset.version}`);
    if (!answer.ok) throw new Error(answer.status);
    const news = await answer.json();
    if (news.architectures.join(" ") !== board.dataset.architectures) location.reload();
    if (news.head !== null) refill(document.getElementById("head"), news.head);
    for (const [id, html] of Object.entries(news.rows)) replace(id, html);
    if (Object.keys(news.rows).length) { arrange(); filter(); }
    board.dataset.version = news.version;
    return news.took;
  };
}

/* Any other page: it is fetched again, and the parts that differ are put in place. */

function others(parts) {
  const known = new Map(parts.map((part) => [part.id, part.innerHTML]));
  let stamp = null;
  return async () => {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(answer.status);
    const took = parseFloat(answer.headers.get("Server-Timing")?.split("dur=")[1] ?? "0") / 1000;
    if (stamp !== null && stamp === answer.headers.get("ETag")) return took; // the browser's own copy
    stamp = answer.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts) {
      const content = fresh.querySelector(`[data-live]#${part.id}`)?.innerHTML;
      if (content === undefined) { location.reload(); return took; } // it is another page by now
      const typing = part.contains(document.activeElement) && document.activeElement.matches("input, select");
      if (content === known.get(part.id) || typing) continue;
      refill(part, content);
      known.set(part.id, content);
      if (part.querySelector("[data-shares]")) importance();
    }
    return took;
  };
}

/* How much each hyperparameter counts: the server needs a moment for it, and the page does not wait. */

async function importance() {
  const table = document.querySelector("[data-shares]");
  if (!table) return;
  const answer = await fetch(table.dataset.shares);
  const shares = answer.ok ? (await answer.json()).shares : [];
  const body = table.tBodies[0];
  body.replaceChildren();
  for (const [name, share] of shares) {
    const row = body.insertRow();
    row.insertCell().textContent = name.replaceAll("_", " ");
    const figure = row.insertCell();
    figure.className = "number";
    figure.textContent = share.toFixed(3);
    row.insertCell().innerHTML = '<svg width="200" height="10" aria-hidden="true"><rect height="10"></rect></svg>';
    row.querySelector("rect").setAttribute("width", Math.round(200 * share));
  }
}

requestAnimationFrame(() => setTimeout(importance)); // once the rest is drawn
const board = document.getElementById("board");
if (board) poll(overview(board), FASTEST);
const parts = [...document.querySelectorAll("main > [data-live]")];
if (!board && parts.length) poll(others([...document.querySelectorAll("[data-live]")]), PAGES);
