"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const [search, keys, count] = ["search", "keys", "count"].map((id) => document.getElementById(id));
  const products = [...document.querySelectorAll(".product")].map((element) => ({
    element,
    text: [...element.querySelectorAll("h3, .title")].map((one) => one.textContent.toLowerCase()).join("\n"),
  }));
  const number = new Intl.NumberFormat("en");
  let shown = products;

  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    const kind = form.elements.show.value;
    for (const one of products) one.element.hidden = !one.text.includes(wanted);
    shown = products.filter(
      ({ element }) => !element.hidden && (kind === "all" || element.classList.contains(kind)),
    );
    const total = number.format(products.length);
    const word = products.length === 1 ? "product" : "products";
    count.textContent =
      shown.length === products.length ? `${total} ${word}` : `${number.format(shown.length)} of ${total} ${word}`;
  };

  const current = () => {
    const focused = document.activeElement?.closest(".product");
    if (focused) return shown.findIndex(({ element }) => element === focused);
    const below = shown.findIndex(({ element }) => element.getBoundingClientRect().bottom > 0);
    return below < 0 ? shown.length - 1 : below - 1;
  };

  const show = (product) => {
    if (!product) return;
    // The filter stands over what is scrolled to, and takes more lines in a narrow window.
    const covered = getComputedStyle(form).position === "sticky" ? form.offsetHeight : 0;
    product.element.style.scrollMarginTop = `${covered + 8}px`;
    product.element.focus({ preventScroll: true });
    product.element.scrollIntoView({ block: "start" });
    // What comes into view gets its real height only then, and may move what was scrolled to.
    requestAnimationFrame(() => product.element.scrollIntoView({ block: "start" }));
  };
  const jump = (step) => show(shown[Math.min(Math.max(current() + step, 0), shown.length - 1)]);

  const actions = {
    j: () => jump(1),
    k: () => jump(-1),
    ArrowRight: () => jump(1),
    ArrowLeft: () => jump(-1),
    "/": () => {
      search.focus();
      search.select();
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target === search && event.key === "Escape") {
      search.value = "";
      filter();
      search.blur();
    }
    const action = actions[event.key];
    if (!action || !keys.checked || event.target.matches("input")) return;
    event.preventDefault();
    action();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search.blur();
    show(shown[0]);
  });
  form.addEventListener("input", filter);
  document.getElementById("tools").hidden = false;
  filter();
})();
