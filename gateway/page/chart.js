// SPDX-License-Identifier: ISC
// chart.js: a series as a line in an svg element, five minutes wide

import { setAttribute, setText, svgElement } from "./dom.js";
import { SPAN_MS } from "./history.js";

const WIDTH = 300, HEIGHT = 40, EDGE = 2;

/** Draws a series and returns its peak. */
export function draw(svg, history, name) {
	const points = history.points(name)
		.map(([time, value]) => [WIDTH - (history.now - time) / SPAN_MS * WIDTH, value])
		.filter(([x]) => x >= 0);
	const peak = points.reduce((most, [, value]) => value > most ? value : most, 0);
	const [area, line] = pathsOf(svg);
	const runs = splitAtGaps(points)
		.map(run => run.map(([x, value]) => [x, height(value, peak)]));
	setAttribute(line, "d", runs.map(lineOf).join(""));
	setAttribute(area, "d", runs.map(areaOf).join(""));
	return peak;
}

/** Draws a figure of the template chart-figure: what it shows, its present value and its peak. */
export function drawFigure(figure, history, { title, name, format }) {
	const peak = draw(figure.chart, history, name);
	const now = format(history.latest(name));
	setText(figure.title, title);
	setText(figure.now, now);
	setText(figure.peak, `peak ${format(peak)}`);
	setAttribute(figure.chart, "aria-label",
		`${title} over five minutes: now ${now}, peak ${format(peak)}`);
}

function pathsOf(svg) {
	if (!svg.firstElementChild) {
		svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
		svg.setAttribute("preserveAspectRatio", "none");
		for (const role of ["area", "line"]) {
			const path = svgElement("path");
			path.setAttribute("class", role);
			svg.append(path);
		}
	}
	return svg.children;
}

function height(value, peak) {
	return HEIGHT - EDGE - (peak > 0 ? value / peak : 0) * (HEIGHT - 2 * EDGE);
}

/** Stretches of known values: a time without any is not drawn as if it had been quiet. */
function splitAtGaps(points) {
	const runs = [[]];
	for (const [x, value] of points) {
		if (Number.isNaN(value))
			runs.push([]);
		else
			runs.at(-1).push([x, value]);
	}
	return runs.filter(run => run.length > 0);
}

function lineOf(run) {
	const path = `M${run.map(([x, y]) => at(x, y)).join("L")}`;
	return run.length > 1 ? path : `${path}h1`;
}

function areaOf(run) {
	return `${lineOf(run)}V${HEIGHT}H${run[0][0].toFixed(1)}Z`;
}

function at(x, y) {
	return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
