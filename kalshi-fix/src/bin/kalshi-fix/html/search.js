"use strict";
(() => {
  const input = document.getElementById("search");
  const results = document.getElementById("results");
  const navigation = document.getElementById("navigation");
  const menu = document.getElementById("menu");
  let chosen = 0;

  // How well an entry fits: lower is better, null is not at all.
  const rank = ([kind, key, name, more], words) => {
    const lowerKey = key.toLowerCase(), lowerName = name.toLowerCase();
    const all = `${lowerKey} ${lowerName} ${more.toLowerCase()}`;
    if (!words.every(word => all.includes(word))) return null;
    const first = words[0];
    const kinds = { message: 0, field: 1, component: 2, value: 3 };
    if (lowerKey === first || kind === "message" && `35=${lowerKey}` === first) return kinds[kind];
    if (lowerName === first) return 10 + kinds[kind];
    if (lowerName.startsWith(first)) return 20 + kinds[kind];
    if (lowerKey.startsWith(first)) return 30 + kinds[kind];
    return (lowerName.includes(first) ? 40 : 50) + kinds[kind];
  };

  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    results.replaceChildren();
    results.hidden = words.length === 0;
    chosen = 0;
    if (words.length === 0) return;
    const found = INDEX.map(entry => [rank(entry, words), entry]).filter(([fit]) => fit !== null);
    found.sort(([a, one], [b, other]) => a - b || one[2].length - other[2].length);
    for (const [, [kind, key, name, more, file]] of found.slice(0, 40)) {
      const link = document.createElement("a");
      link.href = file;
      const code = document.createElement("code");
      code.textContent = key;
      const label = document.createElement("span");
      label.textContent = name;
      const detail = document.createElement("small");
      detail.textContent = kind === "value" ? more.split(" ")[0] : kind;
      link.append(code, label, detail);
      const item = document.createElement("li");
      item.append(link);
      results.append(item);
    }
    if (found.length === 0) {
      const item = document.createElement("li");
      item.className = "none";
      item.textContent = "Nothing found";
      results.append(item);
    }
    mark();
  };

  const mark = () => {
    const links = results.querySelectorAll("a");
    links.forEach((link, at) => link.classList.toggle("chosen", at === chosen));
    links[chosen]?.scrollIntoView({ block: "nearest" });
  };

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("keydown", event => {
    const links = results.querySelectorAll("a");
    if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, links.length - 1);
    else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
    else if (event.key === "Enter") { links[chosen]?.click(); return; }
    else if (event.key === "Escape") { input.value = ""; show(); input.blur(); return; }
    else return;
    event.preventDefault();
    mark();
  });
  document.addEventListener("keydown", event => {
    if (event.key === "/" && document.activeElement !== input) { event.preventDefault(); input.focus(); }
  });
  document.addEventListener("click", event => {
    if (!event.target.closest(".search")) results.hidden = true;
  });

  menu.addEventListener("click", () => {
    menu.setAttribute("aria-expanded", String(navigation.classList.toggle("open")));
  });
  const here = location.pathname.split("/").pop();
  const current = navigation.querySelector(`a[href="${CSS.escape(here)}"]`) ??
    [...navigation.querySelectorAll("a")].find(link => link.getAttribute("href") === here);
  if (current) {
    current.classList.add("here");
    current.scrollIntoView({ block: "center" });
    scrollTo(0, 0);
  }

  const filter = document.getElementById("required-only");
  filter?.addEventListener("change", () => {
    document.querySelector(".members").classList.toggle("required-only", filter.checked);
  });
})();
