from tests.lab.conftest import *
from tests.lab.test_lab import opened, DECKS, READY
def test_dbg(page, lab):
    p=[d for d in DECKS if '/fr/' in str(d)][0]
    page.set_viewport_size({"width":1920,"height":1080})
    opened(page,lab,p)
    J="""()=>{const out=[];let e=document.querySelector('.regs tbody td code');while(e&&!e.classList.contains('jp-Cell')){out.push(e.tagName+'.'+e.className+' '+getComputedStyle(e).fontSize);e=e.parentElement};
    const code=document.querySelector('.regs tbody td code');
    for(const sh of document.styleSheets){try{const walk=(rs,pre)=>{for(const r of rs){if(r.selectorText&&r.style&&(r.style.fontSize||r.style.font)){try{if(code.matches(r.selectorText.replace(/&/g,':is(*)')))out.push(r.cssText.slice(0,200))}catch(e){}} if(r.cssRules)walk(r.cssRules)}};walk(sh.cssRules)}catch(e){}}
    return out}"""
    print('\n'.join(page.evaluate(J)))
    page.evaluate("()=>{window.jupyterapp.shell.currentWidget.content.activeCellIndex=6}")
    page.locator("[data-jp-item-name=deck] button").first.click()
    page.wait_for_timeout(3000)
    print('\n'.join(page.evaluate(J)))
    print(page.evaluate("()=>[...document.querySelectorAll('.jp-deck-mod-visible *')].map(e=>[e.className||e.tagName,e.getBoundingClientRect().left]).slice(0,14)"))
