// @ts-check
/** The words of how a ticket ended, in each language. */

export const en = {
  ended_completed: "The visit is over",
  ended_completed_text: "Thank you for your visit. Take care.",
  ended_left: "You have left the queue",
  ended_left_text: "You are welcome back whenever you need us.",
  ended_declined: "You declined the call",
  ended_declined_text: "Your number has ended. You are welcome to take a new one.",
  ended_no_show: "We could not reach you",
  ended_no_show_text: "We rang without an answer, so your number has ended. You are welcome to take a new one.",
  ended_gone: "The clinician's connection was lost",
  ended_gone_text: "Nobody could go on with the visit. You are welcome to take a new number.",
  ended_expired: "Your number has ended",
  ended_expired_text: "We had no contact with this page for too long. You are welcome to take a new one.",
  ended_closed: "The queue has closed",
  ended_closed_text: "Your turn did not come before closing time, and we are sorry for that. You are welcome back when the queue opens again.",
  ended_erased_text: "The care provider has removed what it knew of you here, and your place in the queue with it. You are welcome to take a new number.",
};

/** @type {typeof en} */
export const sv = {
  ended_completed: "Besöket är slut",
  ended_completed_text: "Tack för ditt besök. Var rädd om dig.",
  ended_left: "Du har lämnat kön",
  ended_left_text: "Du är välkommen tillbaka när du behöver oss.",
  ended_declined: "Du avböjde samtalet",
  ended_declined_text: "Ditt nummer gäller inte längre. Du är välkommen att ta ett nytt.",
  ended_no_show: "Vi fick inte tag i dig",
  ended_no_show_text: "Vi ringde men fick inget svar, så ditt nummer gäller inte längre. Du är välkommen att ta ett nytt.",
  ended_gone: "Vårdgivarens anslutning bröts",
  ended_gone_text: "Ingen kunde fortsätta besöket. Du är välkommen att ta ett nytt nummer.",
  ended_expired: "Ditt nummer gäller inte längre",
  ended_expired_text: "Vi hade ingen kontakt med den här sidan på för länge. Du är välkommen att ta ett nytt nummer.",
  ended_closed: "Kön har stängt",
  ended_closed_text: "Det hann tyvärr inte bli din tur före stängning. Du är välkommen tillbaka när kön öppnar igen.",
  ended_erased_text: "Vårdgivaren har tagit bort dina uppgifter här, och med dem din plats i kön. Du är välkommen att ta ett nytt nummer.",
};

/** @type {typeof en} */
export const nb = {
  ended_completed: "Konsultasjonen er over",
  ended_completed_text: "Takk for besøket. Ta vare på deg selv.",
  ended_left: "Du har forlatt køen",
  ended_left_text: "Du er velkommen tilbake når du trenger oss.",
  ended_declined: "Du avslo samtalen",
  ended_declined_text: "Nummeret ditt gjelder ikke lenger. Du er velkommen til å trekke et nytt.",
  ended_no_show: "Vi fikk ikke tak i deg",
  ended_no_show_text: "Vi ringte uten å få svar, så nummeret gjelder ikke lenger. Du er velkommen til å trekke et nytt.",
  ended_gone: "Behandlerens tilkobling ble brutt",
  ended_gone_text: "Ingen kunne fortsette konsultasjonen. Du er velkommen til å trekke et nytt nummer.",
  ended_expired: "Nummeret ditt gjelder ikke lenger",
  ended_expired_text: "Vi hadde ikke kontakt med denne siden på for lenge. Du er velkommen til å trekke et nytt nummer.",
  ended_closed: "Køen er stengt",
  ended_closed_text: "Det ble dessverre ikke din tur før stengetid. Du er velkommen tilbake når køen åpner igjen.",
  ended_erased_text: "Helsetjenesten har fjernet opplysningene om deg her, og plassen din i køen med dem. Du er velkommen til å trekke et nytt nummer.",
};
