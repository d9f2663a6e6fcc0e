// Small signs drawn as SVG, so that no phone lacks a glyph for them.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  silent:
    "M4.3 3 3 4.300l4.500 4.500C7.200 9.500 7 10.200 7 11v5l-2 2v1h12.700l2 2L21 19.700zM17 14.200V11c0-2.600-1.400-4.600-3.700-5.200V5a1.300 1.300 0 0 0-2.600 0v.8c-.5.1-1 .3-1.400.6zM12 22a2 2 0 0 0 2-2h-4a2 2 0 0 0 2 2z",
  copy: "M8 3h11a2 2 0 0 1 2 2v11h-2V5H8zM5 7h9a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zm0 2v10h9V9z",
  link: "M8 6h10v10h-2V9.400L7.400 18 6 16.600 14.600 8H8z",
  save: "M11 4h2v9.200l3.600-3.600L18 11l-6 6-6-6 1.400-1.400 3.600 3.600zM5 18.500h14v2H5z",
  sent: "M9 16.200 4.800 12l-1.400 1.400L9 19 21 7l-1.400-1.400z",
};

export function icon(name, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.classList.add("sign");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
