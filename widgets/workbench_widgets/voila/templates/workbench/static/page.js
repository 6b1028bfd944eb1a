// Loads before everything else: shows how far the page is, and says when its session is gone.
(() => {
  "use strict";
  const SLOW_MS = 20000;
  const PROBE_MS = 3000;
  const root = document.documentElement;

  // --- theme: the one chosen in the dashboard, for the time until the dashboard is there.
  const theme = () => {
    let chosen = "dark";
    try { chosen = localStorage.getItem("workbench.theme") === "light" ? "light" : "dark"; } catch { /* nothing kept */ }
    root.dataset.theme = chosen;
    const colour = document.querySelector('meta[name="theme-color"]');
    if (colour) colour.content = chosen === "light" ? "#f1f5f9" : "#0f172a";
    if (document.body) document.body.dataset.jpThemeLight = String(chosen === "light");
  };
  theme();

  // --- Voila calls these when they are there; progress is read from the page itself.
  window.voila_finish = window.voila_process = window.voila_heartbeat = () => {};

  const config = () => JSON.parse(document.getElementById("jupyter-config-data").textContent);

  // --- loading: the skeleton stays until the first widget stands in the page.
  const load = () => {
    const loading = document.getElementById("loading");
    if (!loading) return;
    const cells = document.getElementById("cells");
    const say = (text, percent) => {
      const line = document.getElementById("loading-text");
      if (line.textContent !== text) line.textContent = text;
      document.getElementById("loading-progress").value = percent;
    };
    const slow = setTimeout(() => { document.getElementById("loading-slow").hidden = false; }, SLOW_MS);
    document.getElementById("loading-reload").addEventListener("click", () => location.reload());
    const look = () => {
      // Until a widget is drawn, Voila's own "Loading widget..." stands in its place.
      const drawn = [...cells.querySelectorAll(".jp-OutputArea-output")].some(
        (output) => output.offsetHeight > 0 && output.textContent !== "Loading widget...");
      if (drawn || cells.querySelector(".fault")) {
        watch.disconnect();
        clearTimeout(slow);
        loading.remove();
        performance.mark("workbench-shown");
        return;
      }
      const done = cells.querySelectorAll(".cell").length;
      if (document.getElementById("written")) say("Drawing the page …", 80);
      else if (done) say("Reading the workspace …", 20 + 50 * done / Number(cells.querySelector(".cell").dataset.of));
      else if (document.getElementById("jupyter-config-data")) say("Reading the workspace …", 20);
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true });
    look();
  };

  // --- connection: every channel to the kernel is watched; when one closes, the server is asked how things stand.
  let probing = 0;
  let leaving = false;
  const notice = (text, reload) => {
    const bar = document.getElementById("connection");
    if (!bar || leaving) return;
    bar.hidden = !text;
    document.getElementById("connection-text").textContent = text;
    document.getElementById("connection-reload").hidden = !reload;
  };
  const probe = async () => {
    clearTimeout(probing);
    if (leaving) return;
    const { baseUrl, kernelId } = config();
    let state = "gone";
    try {
      const answer = await fetch(`${baseUrl}api/kernels/${kernelId}`, { cache: "no-store" });
      state = answer.ok ? "lives" : "ended";
    } catch { /* no server */ }
    if (state === "ended") {
      notice("This session has ended. What you see may be old. Reload the page to go on.", true);
    } else if (state === "gone") {
      notice("The dashboard's server does not answer. What you see may be old.", true);
      probing = setTimeout(probe, PROBE_MS);
    } else {
      notice("The connection was lost. Connecting again …", true);
    }
  };
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      if (!String(given[0]).includes("/channels")) return;
      this.addEventListener("open", () => { clearTimeout(probing); notice("", false); });
      this.addEventListener("close", () => { if (!leaving) probe(); });
    }
  };
  window.addEventListener("beforeunload", () => { leaving = true; });
  // A page taken back from the browser's memory has lost its session.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // The body does not exist yet; the skeleton does as soon as it is parsed.
  const early = new MutationObserver(() => {
    if (!document.getElementById("cells")) return;
    early.disconnect();
    theme();
    load();
    document.getElementById("connection-reload").addEventListener("click", () => location.reload());
  });
  early.observe(root, { childList: true, subtree: true });
})();
