// SPDX-License-Identifier: ISC
// dom.js: fill the page in place; what comes from the gateway is set as text, never as markup

const SVG = "http://www.w3.org/2000/svg";

/** The parts of an element by their data-part, and the element itself as `root`. */
export function partsOf(root) {
	const parts = { root };
	for (const element of root.querySelectorAll("[data-part]"))
		parts[element.dataset.part] = element;
	return parts;
}

/** The parts of a new copy of a template. */
export function copyOf(template) {
	const content = document.getElementById(template).content;
	return partsOf(content.firstElementChild.cloneNode(true));
}

/** Sets a text where it differs, so that a selection in it outlives an update. */
export function setText(element, text) {
	const wanted = String(text);
	if (element.textContent !== wanted)
		element.textContent = wanted;
}

/** Texts by the name of the part; what is not known is told so. */
export function setTexts(parts, texts) {
	for (const [name, text] of Object.entries(texts))
		setText(parts[name], text ?? "not known");
}

export function setAttribute(element, name, value) {
	if (element.getAttribute(name) !== value)
		element.setAttribute(name, value);
}

export function svgElement(name) {
	return document.createElementNS(SVG, name);
}

/** A word with a shape and a colour: tone is ok, busy, warn, bad or idle. */
export function setState(element, tone, text) {
	if (!element.querySelector("use"))
		element.replaceChildren(newShape(), document.createElement("span"));
	setAttribute(element, "data-tone", tone);
	setAttribute(element.querySelector("use"), "href", `#shape-${tone}`);
	setText(element.querySelector("span"), text);
}

function newShape() {
	const shape = svgElement("svg");
	shape.setAttribute("class", "shape");
	shape.setAttribute("aria-hidden", "true");
	shape.append(svgElement("use"));
	return shape;
}

/** The children of an element as copies of a template, one for each key, in the order given. */
export class KeyedList {
	constructor(parent, template) {
		this.parent = parent;
		this.template = template;
		this.rows = new Map();
	}

	/** Shows the items: fill(parts, item) for each, new or old. */
	update(items, keyOf, fill) {
		const focused = document.activeElement;
		this.#drop(new Set(items.map(keyOf)));
		let place = this.parent.firstElementChild;
		for (const item of items) {
			const row = this.#row(keyOf(item));
			fill(row, item);
			if (row.root === place)
				place = place.nextElementSibling;
			else
				this.parent.insertBefore(row.root, place);
		}
		// A row that moved has lost the focus on the way.
		if (focused !== document.activeElement && this.parent.contains(focused))
			focused.focus({ preventScroll: true });
	}

	#row(key) {
		if (!this.rows.has(key))
			this.rows.set(key, copyOf(this.template));
		return this.rows.get(key);
	}

	#drop(wanted) {
		for (const [key, row] of this.rows) {
			if (!wanted.has(key)) {
				row.root.remove();
				this.rows.delete(key);
			}
		}
	}
}
