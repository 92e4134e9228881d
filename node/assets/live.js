// Shows the page anew when the node says that there is something new. Everything works without it.
const stream = new EventSource("/explorer/live");
let shown;

stream.addEventListener("state", async (event) => {
  const before = shown;
  shown = event.data;
  const content = document.getElementById("content");
  const typing = content.contains(document.activeElement) && document.activeElement !== document.body;
  if (before === undefined || before === shown || document.hidden || typing) {
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
  }
});
