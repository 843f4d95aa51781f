// Run in a page by test_looks.py: what is wrong with the state that it shows, one line a fault.
// Contrast as WCAG 2.2 counts it (1.4.3), against every colour of a gradient that lies behind.
async () => {
  const faults = [];
  const endless = ({ effect }) => effect.getTiming().iterations === Infinity;
  const moving = document.getAnimations().filter(endless);
  if (moving.length) faults.push(`moves although less motion is wished: ${moving[0].animationName}`);
  await Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {})));
  const name = (node) => `${node.tagName.toLowerCase()}#${node.id}.${node.className}`;
  const parse = (text) => [...text.matchAll(/rgba?\(([^)]+)\)/g)].map(([, inside]) => {
    const [r, g, b, a] = inside.split(/[ ,/]+/).filter(Boolean).map(parseFloat);
    return { r, g, b, a: a ?? 1 };
  });
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a), a: 1 });
  const light = ({ r, g, b }) => [r, g, b]
    .map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const backgrounds = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const [colour] = parse(style.backgroundColor);
      const gradient = parse(style.backgroundImage).filter(({ a }) => a === 1);
      if (gradient.length) return gradient.map((base) => layers.reduceRight((b, l) => over(l, b), base));
      if (colour.a > 0) layers.push(colour);
      if (colour.a === 1) break;
    }
    return [layers.reduceRight((below, layer) => over(layer, below), { r: 255, g: 255, b: 255, a: 1 })];
  };
  const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !node.closest(".sr-only") && node.getBoundingClientRect().width > 1;

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || !shown(node) || node.closest(":disabled, option")) continue;
    const style = getComputedStyle(node);
    const [colour] = parse(node instanceof SVGElement ? style.fill : style.color);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseFloat(style.fontWeight) >= 700);
    for (const background of backgrounds(node)) {
      const found = contrast(over(colour, background), background);
      if (found < (large ? 3 : 4.5)) faults.push(`contrast ${found.toFixed(2)}: ${text.data.trim()}`);
    }
  }
  for (const control of document.querySelectorAll("button, a[href], select, input")) {
    if (!shown(control) || control.type === "checkbox") continue;
    const label = control.getAttribute("aria-label") ?? control.labels?.[0]?.textContent
      ?? control.textContent;
    if (!label?.trim()) faults.push(`no name: ${name(control)}`);
    const { width, height } = control.getBoundingClientRect();
    const least = control.closest(".emergency") ? 24 : 44; // in a line of text 24 will do (2.5.8)
    if (width < least || height < least) faults.push(`small: ${name(control)} ${width}x${height}`);
  }
  for (const video of document.querySelectorAll("video")) {
    if (shown(video) && !video.getAttribute("aria-label")) faults.push(`no name: ${name(video)}`);
  }
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth) faults.push(`wider than the screen: ${page.scrollWidth}`);
  for (const node of document.querySelectorAll("main :is(button, h1, dd, p), .banner, .toast")) {
    if (!shown(node)) continue;
    const box = node.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) faults.push(`cut off: ${name(node)}`);
  }
  // A toast may lie over the lower end of a page that scrolls, but over nothing of a ring or a call.
  const inCall = document.body.dataset.state?.startsWith("call") ?? false;
  for (const message of document.querySelectorAll(inCall ? ".banner, .toast" : ".banner")) {
    if (!shown(message)) continue;
    const over = message.getBoundingClientRect();
    for (const node of document.querySelectorAll("main :is(button, h1, h2, dd, p), .emergency, .top")) {
      const box = node.getBoundingClientRect();
      const apart = box.right <= over.left || box.left >= over.right || box.bottom <= over.top || box.top >= over.bottom;
      if (shown(node) && !apart) faults.push(`covered by ${name(message)}: ${name(node)}`);
    }
  }
  for (const top of [page.scrollHeight, 0]) {
    scrollTo(0, top);
    const emergency = document.querySelector(".emergency a")?.getBoundingClientRect();
    if (!emergency || emergency.top < 0 || emergency.bottom > innerHeight) faults.push("112 out of sight");
  }
  return faults;
}
