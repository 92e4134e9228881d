// Shows the page anew when the node says that there is something new. Everything works without it.
const stream = new EventSource("/explorer/live");
// What the page shows, as the node counts it; unknown until the node has said so once.
let shown;

// Whoever is at something on the page keeps it as it is until they leave it.
const busy = (content) => document.hidden || (content.contains(document.activeElement) && document.activeElement !== document.body);

stream.addEventListener("state", async (event) => {
  shown ??= event.data;
  const content = document.getElementById("content");
  if (shown === event.data || busy(content)) {
    return;
  }
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) {
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const news = page.getElementById("content");
  if (news) {
    content.replaceWith(document.adoptNode(news));
    shown = event.data;
  }
});
