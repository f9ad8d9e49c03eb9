// What the last row cannot read. Each line of text must be large enough (`smallest` of the
// height), inside the screen and inside whatever scrolls or clips it, and may not lie on
// another one. What is scrolled away whole is not seen; a button may not be. `slide` is
// the selector of what must be there.
([smallest, slide]) => {
  const lines = [], wrong = []
  const LISTS = '.scroll, ol, ul' // where buttons may be scrolled away
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const clippers = node => {
    const found = []
    for (let n = node; n && n !== document.body; n = n.parentElement)
      if (getComputedStyle(n).overflow !== 'visible')
        found.push([n.getBoundingClientRect(), getComputedStyle(n).textOverflow === 'ellipsis'])
    return found
  }
  while (walker.nextNode()) {
    const text = walker.currentNode, node = text.parentElement
    if (!text.textContent.trim() || node.closest('script, style, .hidden')) continue
    if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
    const range = document.createRange()
    range.selectNodeContents(text)
    const around = clippers(node)
    for (const whole of range.getClientRects()) {
      const [dots] = around.find(([, ellipsis]) => ellipsis) ?? [whole] // "…" says what is cut
      const box = new DOMRect(whole.x, whole.y, Math.min(whole.right, dots.right) - whole.x, whole.height)
      const name = text.textContent.trim().slice(0, 30)
      const away = around.some(([c]) => box.bottom <= c.top + 1 || box.top >= c.bottom - 1)
      if (away && node.closest('button') && !node.closest(LISTS)) wrong.push(`hidden: ${name}`)
      if (away || box.width < 1) continue
      const room = .08 * box.height // above and below the letters
      const cut = around.some(([c]) => box.top < c.top - room || box.bottom > c.bottom + room
        || box.left < c.left - 1 || box.right > c.right + 1)
      if (cut) wrong.push(`cut: ${name}`)
      if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight)
        wrong.push(`outside: ${name}`)
      const size = parseFloat(getComputedStyle(node).fontSize)
      if (size < smallest * innerHeight - .05) wrong.push(`${size} px: ${name}`)
      for (const [other, seen] of lines.filter(line => line[2] !== node)) {
        const across = Math.min(box.right, other.right) - Math.max(box.left, other.left)
        const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
        const least = Math.min(box.height, other.height)
        if (across > 2 && down > least * .4) wrong.push(`${name} lies on ${seen}`)
      }
      lines.push([box, name, node])
    }
  }
  return lines.some(([, , node]) => node.closest(slide)) ? wrong : ['nothing to see']
}
