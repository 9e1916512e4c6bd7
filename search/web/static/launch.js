"use strict";
// Shows the command that does what the form says, as it is filled in.
{
  const form = document.getElementById("launch");
  const shown = document.getElementById("command");
  let waiting = 0;

  const show = async () => {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form))
      if (name !== "proof" && (value.name ?? value)) fields.append(name, value.name ?? value);
    try {
      const answer = await fetch(`${form.dataset.command}?${fields}`);
      if (answer.ok) shown.textContent = (await answer.text()).trim();
    } catch {
      // The server has gone; the page says so elsewhere.
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 150);
  });
}
