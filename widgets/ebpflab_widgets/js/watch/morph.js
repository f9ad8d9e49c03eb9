// Makes what stands in the page equal to what was drawn anew, by touching only what
// differs: focus, selection and a screen reader's place survive each step.

function morph(node, fresh) {
  const there = Array.from(node.childNodes), wanted = Array.from(fresh.childNodes)
  wanted.forEach((child, index) => {
    const old = there[index]
    if (!old) node.append(child)
    else if (old.nodeName !== child.nodeName) old.replaceWith(child)
    else if (child.nodeType === Node.TEXT_NODE) {
      if (old.data !== child.data) old.data = child.data
    } else {
      sameAttributes(old, child)
      morph(old, child)
    }
  })
  for (const left of there.slice(wanted.length)) left.remove()
}

function sameAttributes(old, fresh) {
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name)
  for (const name of fresh.getAttributeNames()) setAttribute(old, name, fresh.getAttribute(name))
}
