/** The demo shop: takes the widget's settings from the address (?locale=zh&theme=dark&accent=%23…&position=left). */
(() => {
  const query = new URLSearchParams(location.search);
  const settings = {};
  for (const key of ["locale", "theme", "accent", "position"]) if (query.has(key)) settings[key] = query.get(key);
  const isChinese = (settings.locale ?? navigator.language).toLowerCase().startsWith("zh");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = settings.theme === "dark" || (settings.theme !== "light" && prefersDark);
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  window.AnswerdeskSettings = settings;

  addEventListener("click", (event) => {
    if (event.target.closest("[data-chat]")) window.answerdesk?.open();
    const link = event.target.closest("a[data-keep]"); // another language, everything else as it is
    if (!link) return;
    event.preventDefault();
    query.set("locale", new URL(link.href).searchParams.get("locale"));
    location.search = query;
  });
})();
