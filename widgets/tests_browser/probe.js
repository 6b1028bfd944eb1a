// What a page looks like to somebody who cannot see it well, or uses no mouse; evaluated in the page under test.
(() => {
  const numbers = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const colour = (text) => { const [r, g, b, a = 1] = numbers(text); return [r, g, b, a]; };
  const mix = (under, over, share) => under.map((value, part) => over[part] * share + value * (1 - share));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => { const v = value / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const path = (element) => { const all = []; for (let e = element; e; e = e.parentElement) all.unshift(e); return all; };
  const styles = (element) => path(element).map((e) => getComputedStyle(e));
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width > 1 && box.height > 1
      && !styles(element).some((style) => style.clipPath.startsWith('inset(50%') || Number(style.opacity) < 0.05);
  };
  const said = (element) => (element.getAttribute('aria-label') || element.innerText || element.placeholder || element.title || '').trim().slice(0, 40);
  const name = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute('class') || ''} "${said(element)}"`;

  // The colour of text and what lies behind it, through half-transparent ancestors.
  const drawn = (element, ink) => {
    let behind = [255, 255, 255];
    const groups = [];
    for (const style of styles(element)) {
      if (Number(style.opacity) < 1) groups.unshift([behind, Number(style.opacity)]);
      const [r, g, b, a] = colour(style.backgroundColor);
      behind = mix(behind, [r, g, b], a);
    }
    let front = mix(behind, ink.slice(0, 3), ink[3]);
    for (const [under, share] of groups) { front = mix(under, front, share); behind = mix(under, behind, share); }
    return [front, behind];
  };

  return {
    // Every text, typed value, placeholder and chart label: how many, and those that are too faint (WCAG 2.1, 1.4.3).
    faint() {
      const texts = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || element.closest('script, style, noscript, option')) continue;
        const style = getComputedStyle(element);
        texts.push([element, style, element.closest('svg') ? style.fill : style.color, node.data.trim()]);
      }
      for (const element of document.querySelectorAll('input, select, textarea')) {
        const style = getComputedStyle(element, element.value ? null : '::placeholder');
        if (element.value || element.placeholder) texts.push([element, style, style.color, element.value || element.placeholder]);
      }
      const shown = texts.filter(([element]) => seen(element) && !element.closest(':disabled, [inert]'));
      const weak = shown.flatMap(([element, style, ink, text]) => {
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        const found = contrast(...drawn(element, colour(ink)));
        return found < (large ? 3 : 4.5) ? [`${found.toFixed(2)} ${text.slice(0, 40)} in ${name(element)}`] : [];
      });
      return { count: shown.length, weak };
    },
    // All that can be pressed, chosen or typed into.
    controls() {
      return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
        .filter((e) => e.tabIndex >= 0 && !e.disabled && !e.closest('[inert]') && seen(e));
    },
    name,
    // What has the focus: its name, whether that can be seen, and where it stands.
    focused() {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const ring = element.closest('.v-field--focused') || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
        && contrast(...drawn(element.parentElement, colour(style.outlineColor))) >= 3);
      const box = element.getBoundingClientRect();
      const top = document.elementFromPoint(box.x + box.width / 2, Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1));
      const covered = !top || !(element.contains(top) || top.contains(element));
      return { number: window.probe.controls().indexOf(element), name: name(element), ring: Boolean(ring), covered };
    },
    // Controls too small for a finger; of a field the frame counts.
    small(least) {
      return window.probe.controls().filter((element) => {
        const box = (element.closest('.v-field') || element).getBoundingClientRect();
        return !element.matches('.wb-skip') && (Math.round(box.width) < least || Math.round(box.height) < least);
      }).map(name);
    },
  };
})()
