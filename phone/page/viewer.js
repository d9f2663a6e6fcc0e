// A photo over the whole screen; a tap anywhere or Escape closes it.

const viewer = document.getElementById("viewer");
const photo = document.getElementById("viewer-photo");
const caption = document.getElementById("viewer-caption");

export function view(source, words) {
  photo.src = source;
  photo.alt = words || "Photo";
  caption.textContent = words;
  caption.hidden = !words;
  viewer.showModal();
}

viewer.addEventListener("click", () => viewer.close());
viewer.addEventListener("close", () => photo.removeAttribute("src"));
