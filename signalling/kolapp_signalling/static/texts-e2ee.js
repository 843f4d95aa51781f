// @ts-check
/** The words of calls that are encrypted end to end, in each language. */

export const en = {
  e2ee_agreeing: "Agreeing on keys…",
  e2ee_agreeing_text: "You will see and hear each other in a moment.",
  e2ee_slow: "It takes longer than usual. Nobody is seen or heard until the keys are there.",
  e2ee_read: "Read these numbers to each other",
  e2ee_read_text: "If they differ, somebody may be listening: hang up.",
  e2ee_people: /** @param {number} n */ (n) => n > 2
    ? `The call is encrypted end to end. All ${n} of you must have the same numbers.`
    : "The call is encrypted end to end. Both of you must have the same numbers.",
  e2ee_renewed: "The numbers are new: somebody came, left or opened the page again.",
  e2ee_same: "They are the same",
  e2ee_differ: "They differ",
  e2ee_same_title: "Nobody else is listening",
  e2ee_same_text: "You have compared the numbers. Sound and picture can be read by those in the call alone.",
  e2ee_compare: "Compare again",
  e2ee_differ_title: "Somebody may be listening",
  e2ee_differ_text: "Different numbers mean that somebody in between may see and hear this call. Say nothing private. Hang up, and reach each other another way.",
  e2ee_failed: "The call is not safe",
  e2ee_failed_text: "The keys do not fit together: somebody may have changed them on the way. Your sound and picture are not sent now. Hang up, or try again.",
  e2ee_lock_failed: "Not safe",
  e2ee_again: "Try again",
  e2ee_unable: "This browser cannot encrypt calls.",
  e2ee_unable_text: "Calls here are encrypted end to end. Use a newer Chrome, Edge, Firefox or Safari. Nothing is sent from this one.",
  e2ee_unable_other: "The other person's browser cannot encrypt",
  e2ee_unable_other_text: "You cannot see or hear each other until they use another one.",
};

/** @type {typeof en} */
export const sv = {
  e2ee_agreeing: "Kommer överens om nycklar…",
  e2ee_agreeing_text: "Ni ser och hör varandra om ett ögonblick.",
  e2ee_slow: "Det tar längre tid än vanligt. Ingen syns eller hörs förrän nycklarna finns.",
  e2ee_read: "Läs upp siffrorna för varandra",
  e2ee_read_text: "Om de skiljer sig åt kan någon lyssna: lägg på.",
  e2ee_people: (n) => n > 2
    ? `Samtalet är krypterat hela vägen. Alla ${n} ska ha samma siffror.`
    : "Samtalet är krypterat hela vägen. Ni ska båda ha samma siffror.",
  e2ee_renewed: "Siffrorna är nya: någon har kommit, gått eller öppnat sidan igen.",
  e2ee_same: "De är lika",
  e2ee_differ: "De skiljer sig åt",
  e2ee_same_title: "Ingen annan lyssnar",
  e2ee_same_text: "Ni har jämfört siffrorna. Bara de som är med i samtalet kan ta del av ljud och bild.",
  e2ee_compare: "Jämför igen",
  e2ee_differ_title: "Någon kan lyssna",
  e2ee_differ_text: "Olika siffror betyder att någon däremellan kan se och höra samtalet. Säg inget privat. Lägg på och nå varandra på ett annat sätt.",
  e2ee_failed: "Samtalet är inte säkert",
  e2ee_failed_text: "Nycklarna stämmer inte: någon kan ha ändrat dem på vägen. Ditt ljud och din bild skickas inte nu. Lägg på, eller försök igen.",
  e2ee_lock_failed: "Inte säkert",
  e2ee_again: "Försök igen",
  e2ee_unable: "Den här webbläsaren kan inte kryptera samtal.",
  e2ee_unable_text: "Samtalen här är krypterade hela vägen. Använd en nyare Chrome, Edge, Firefox eller Safari. Inget skickas från den här.",
  e2ee_unable_other: "Den andras webbläsare kan inte kryptera",
  e2ee_unable_other_text: "Ni kan inte se eller höra varandra förrän en annan används.",
};

/** @type {typeof en} */
export const nb = {
  e2ee_agreeing: "Blir enige om nøkler…",
  e2ee_agreeing_text: "Dere ser og hører hverandre om et øyeblikk.",
  e2ee_slow: "Det tar lengre tid enn vanlig. Ingen blir sett eller hørt før nøklene er på plass.",
  e2ee_read: "Les tallene opp for hverandre",
  e2ee_read_text: "Hvis de er forskjellige, kan noen lytte: legg på.",
  e2ee_people: (n) => n > 2
    ? `Samtalen er kryptert hele veien. Alle ${n} skal ha de samme tallene.`
    : "Samtalen er kryptert hele veien. Dere skal begge ha de samme tallene.",
  e2ee_renewed: "Tallene er nye: noen har kommet, gått eller åpnet siden på nytt.",
  e2ee_same: "De er like",
  e2ee_differ: "De er forskjellige",
  e2ee_same_title: "Ingen andre lytter",
  e2ee_same_text: "Dere har sammenlignet tallene. Bare de som er med i samtalen, kan se og høre den.",
  e2ee_compare: "Sammenlign igjen",
  e2ee_differ_title: "Noen kan lytte",
  e2ee_differ_text: "Forskjellige tall betyr at noen imellom kan se og høre samtalen. Si ikke noe privat. Legg på, og nå hverandre på en annen måte.",
  e2ee_failed: "Samtalen er ikke trygg",
  e2ee_failed_text: "Nøklene passer ikke sammen: noen kan ha endret dem på veien. Lyden og bildet ditt sendes ikke nå. Legg på, eller prøv igjen.",
  e2ee_lock_failed: "Ikke trygg",
  e2ee_again: "Prøv igjen",
  e2ee_unable: "Denne nettleseren kan ikke kryptere samtaler.",
  e2ee_unable_text: "Samtalene her er kryptert hele veien. Bruk en nyere Chrome, Edge, Firefox eller Safari. Ingenting sendes fra denne.",
  e2ee_unable_other: "Den andres nettleser kan ikke kryptere",
  e2ee_unable_other_text: "Dere kan ikke se eller høre hverandre før en annen brukes.",
};
