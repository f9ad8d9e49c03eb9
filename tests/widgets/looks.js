// What is measured on the page of any view: each function returns what is wrong, [] is
// right. `window.lookedAt` is the view, else the first of the page.
(() => {
  const view = window.lookedAt ?? document.querySelector('.ebpflab')
  const seen = node => node.checkVisibility({ visibilityProperty: true }) && !node.closest('.hidden')
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)
  const behind = node => {
    for (let n = node; n; n = n.parentElement) {
      const color = rgba(getComputedStyle(n).backgroundColor)
      if (color[3] > 250) return color
    }
    return [255, 255, 255, 255]
  }
  const ratio = (one, other) => {
    const pair = [light(one), light(other)]
    return (Math.max(...pair) + .05) / (Math.min(...pair) + .05)
  }
  const texts = () => {
    const found = [], walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT)
    while (walker.nextNode())
      if (walker.currentNode.textContent.trim() && seen(walker.currentNode.parentElement)) found.push(walker.currentNode)
    return found
  }
  const controls = () => [...view.querySelectorAll('button, input, select, summary, a[href], [role=slider], [role=tab]')].filter(seen)
  const said = node => `${node.tagName.toLowerCase()}.${node.className?.baseVal ?? node.className} ${node.textContent.trim().slice(0, 40)}`

  return {
    contrast() {
      return texts().map(text => text.parentElement).filter(node => !node.closest('svg'))
        .map(node => [said(node), ratio(rgba(getComputedStyle(node).color), behind(node))])
        .filter(([, value]) => value < 4.5)
    },
    borders() {
      return controls().filter(node => node.matches('button, input, select') && !node.matches('[aria-disabled=true]'))
        .map(node => [node, getComputedStyle(node)])
        .filter(([, style]) => parseFloat(style.borderLeftWidth) > 0 && rgba(style.borderLeftColor)[3] > 0)
        .filter(([node, style]) => !node.closest('li, tr, .line') && ratio(rgba(style.borderLeftColor), behind(node.parentElement)) < 3
          && ratio(rgba(style.backgroundColor), behind(node.parentElement)) < 3)
        .map(([node]) => said(node))
    },
    names() {
      const nameOf = node => node.getAttribute('aria-label') || node.labels?.[0]?.textContent || node.textContent
      return controls().filter(node => !nameOf(node)?.trim()).map(said)
    },
    targets() {
      return controls().filter(node => node.getBoundingClientRect().height < 23.5 && !node.matches('[tabindex="-1"]'))
        .map(node => [said(node), node.getBoundingClientRect().height])
    },
    roles() {
      const wrong = []
      if (view.getAttribute('role') !== 'group') wrong.push('role')
      if (!view.getAttribute('aria-label')) wrong.push('name')
      if (view.tabIndex !== 0) wrong.push('tabindex')
      if (!view.lang) wrong.push('lang')
      const live = [...view.querySelectorAll('[aria-live]')]
      if (live.length !== 1 || live[0].getAttribute('aria-live') !== 'polite') wrong.push(`${live.length} live lines`)
      for (const node of view.querySelectorAll('[role=slider]'))
        if (seen(node) && !node.getAttribute('aria-valuetext')) wrong.push(`silent ${said(node)}`)
      for (const node of view.querySelectorAll('[role=tab]'))
        if (!node.closest('[role=tablist]') || !node.getAttribute('aria-selected')) wrong.push(said(node))
      for (const table of view.querySelectorAll('table'))
        if (!table.querySelector('th')) wrong.push(`no headers ${said(table)}`)
      for (const node of view.querySelectorAll('[title]'))
        if (!node.textContent.trim() && !node.closest('[aria-hidden=true]') && !node.getAttribute('aria-label')) wrong.push(`title alone ${said(node)}`)
      return wrong
    },
    // A line of text that reaches out of what cuts it off (a scroller may).
    cut() {
      const wrong = []
      for (const text of texts()) {
        const range = document.createRange(); range.selectNodeContents(text)
        const rects = [...range.getClientRects()].filter(r => r.width > 1)
        for (let n = text.parentElement; n && n !== view.parentElement; n = n.parentElement) {
          const style = getComputedStyle(n), box = n.getBoundingClientRect()
          if (style.textOverflow === 'ellipsis') break
          const clips = ['hidden', 'clip'].includes(style.overflowX)
          if (clips && rects.some(r => r.left < box.left - 2 || r.right > box.right + 2)) wrong.push([said(text.parentElement), said(n)])
          if (['auto', 'scroll'].includes(style.overflowY)) break
        }
      }
      return wrong
    },
    // Two lines of text of different elements on the same place.
    laidOver() {
      const boxes = []
      for (const text of texts()) {
        const node = text.parentElement
        if (node.closest('svg')) continue
        const range = document.createRange(); range.selectNodeContents(text)
        let clip = null
        for (let n = node; n && n !== view; n = n.parentElement)
          if (getComputedStyle(n).overflowY !== 'visible') { clip = n.getBoundingClientRect(); break }
        for (const r of range.getClientRects()) {
          if (r.width < 2 || (clip && (r.bottom > clip.bottom + 1 || r.top < clip.top - 1 || r.right > clip.right + 1 || r.left < clip.left - 1))) continue
          boxes.push({ node, l: r.left + 1, r: r.right - 1, t: r.top + r.height * .25, b: r.bottom - r.height * .25 })
        }
      }
      boxes.sort((a, b) => a.t - b.t)
      const wrong = []
      for (let i = 0; i < boxes.length; i++)
        for (let j = i + 1; j < boxes.length && boxes[j].t < boxes[i].b; j++) {
          const a = boxes[i], b = boxes[j]
          if (a.node === b.node || a.l >= b.r || b.l >= a.r) continue
          if (a.node.closest('thead') || b.node.closest('thead')) continue // stays while rows go under it
          wrong.push([said(a.node), said(b.node)])
        }
      return wrong
    },
    wide() {
      return document.documentElement.scrollWidth > innerWidth ? [document.documentElement.scrollWidth] : []
    },
    // French has no-break spaces before : ; ? !, outside of code and the kernel's words.
    spaces() {
      if (view.lang !== 'fr') return []
      return texts().filter(text => / [:;?!]( |$)|'/.test(text.textContent))
        .filter(text => !/mono/i.test(getComputedStyle(text.parentElement).fontFamily))
        .map(text => text.textContent)
    },
    // Where the focus is: somewhere, within the view, with its ring, what it is.
    ring() {
      const style = getComputedStyle(document.activeElement)
      return [document.activeElement !== document.body, view.contains(document.activeElement),
        document.activeElement.matches(':focus-visible') && parseFloat(style.outlineWidth) >= 3 && style.outlineStyle !== 'none',
        said(document.activeElement)]
    },
    // What moves, or would.
    moving() {
      const moving = []
      for (const node of [view, ...view.querySelectorAll('*')]) {
        const style = getComputedStyle(node)
        const times = `${style.transitionDuration}, ${style.animationDuration}`.split(', ')
        if (times.some(time => parseFloat(time) > 0)) moving.push(said(node))
      }
      return moving.concat(document.getAnimations().map(() => 'animation'))
    },
  }
})()
