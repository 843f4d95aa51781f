// @ts-check
/** The words of getting ready and of a call without pictures, in each language. */

/** @typedef {{up: number, down: number, delay: number, up_loss: string, down_loss: string}} Figures */

export const en = {
  ready_title: "Get ready for the call",
  ready_lead: "Your turn is near. We try camera, sound and network now, so that the call starts at once.",
  ready_start: "Get ready",
  ready_connecting: "Connecting…",
  ready_listening: "Say something. This is how you are seen and heard.",
  ready_echo: "Your own picture, by way of the server",
  ready_good: "Everything works.",
  ready_good_text: "The call will start at once. Just wait for your turn.",
  ready_stutter: "The video may stutter.",
  ready_stutter_text: "Your connection is weak. Move closer to the Wi-Fi, or ask others at home to pause their videos. Sound goes first.",
  ready_blocked: "Your network blocks calls.",
  ready_blocked_text: "Try mobile data, or another Wi-Fi. You keep your place meanwhile.",
  ready_no_camera: "There is no camera or microphone.",
  ready_no_camera_text: "Connect one, or close the program that uses it.",
  ready_denied: "The page may not use camera and microphone.",
  ready_denied_text: "Allow both in the browser: press the sign beside the address.",
  ready_again: "Test again",
  ready_stop: "Not now",
  ready_keep: "Keep the camera on until the call",
  sound_only: "Sound only",
  sound_only_on: "Sound only. The camera is off, and you see no picture.",
  sound_only_forced: "Your connection is weak. Sound goes on without pictures.",
  video_again: "Video again",
  ready_figures: /** @param {Figures} f */ (f) =>
    `Out ${f.up} kbit/s, ${f.up_loss} % lost · In ${f.down} kbit/s, ${f.down_loss} % lost · Delay ${f.delay} ms`,
};

/** @type {typeof en} */
export const sv = {
  ready_title: "Gör dig redo för samtalet",
  ready_lead: "Det är snart din tur. Vi provar kamera, ljud och nät nu, så att samtalet börjar direkt.",
  ready_start: "Gör dig redo",
  ready_connecting: "Ansluter…",
  ready_listening: "Säg något. Så här syns och hörs du.",
  ready_echo: "Din egen bild, via servern",
  ready_good: "Allt fungerar.",
  ready_good_text: "Samtalet kommer att börja direkt. Vänta bara på din tur.",
  ready_stutter: "Videon kan hacka.",
  ready_stutter_text: "Din anslutning är svag. Gå närmare wifi, eller be andra hemma att pausa sina videor. Ljudet går först.",
  ready_blocked: "Ditt nät blockerar samtal.",
  ready_blocked_text: "Prova mobildata eller ett annat wifi. Du behåller din plats under tiden.",
  ready_no_camera: "Det finns ingen kamera eller mikrofon.",
  ready_no_camera_text: "Anslut en, eller stäng programmet som använder den.",
  ready_denied: "Sidan får inte använda kamera och mikrofon.",
  ready_denied_text: "Tillåt båda i webbläsaren: tryck på tecknet bredvid adressen.",
  ready_again: "Prova igen",
  ready_stop: "Inte nu",
  ready_keep: "Låt kameran vara på till samtalet",
  sound_only: "Bara ljud",
  sound_only_on: "Bara ljud. Kameran är av, och du ser ingen bild.",
  sound_only_forced: "Din anslutning är svag. Ljudet fortsätter utan bild.",
  video_again: "Video igen",
  ready_figures: (f) =>
    `Ut ${f.up} kbit/s, ${f.up_loss} % förlorat · In ${f.down} kbit/s, ${f.down_loss} % förlorat · Fördröjning ${f.delay} ms`,
};

/** @type {typeof en} */
export const nb = {
  ready_title: "Gjør deg klar til samtalen",
  ready_lead: "Det er snart din tur. Vi prøver kamera, lyd og nett nå, så samtalen starter med en gang.",
  ready_start: "Gjør deg klar",
  ready_connecting: "Kobler til…",
  ready_listening: "Si noe. Slik blir du sett og hørt.",
  ready_echo: "Ditt eget bilde, via serveren",
  ready_good: "Alt virker.",
  ready_good_text: "Samtalen vil starte med en gang. Bare vent på din tur.",
  ready_stutter: "Videoen kan hakke.",
  ready_stutter_text: "Forbindelsen din er svak. Gå nærmere wifi, eller be andre hjemme om å stanse videoene sine. Lyden går først.",
  ready_blocked: "Nettet ditt blokkerer samtaler.",
  ready_blocked_text: "Prøv mobildata eller et annet wifi. Du beholder plassen din imens.",
  ready_no_camera: "Det finnes ikke noe kamera eller noen mikrofon.",
  ready_no_camera_text: "Koble til et, eller lukk programmet som bruker det.",
  ready_denied: "Siden får ikke bruke kamera og mikrofon.",
  ready_denied_text: "Tillat begge i nettleseren: trykk på tegnet ved siden av adressen.",
  ready_again: "Prøv igjen",
  ready_stop: "Ikke nå",
  ready_keep: "La kameret stå på til samtalen",
  sound_only: "Bare lyd",
  sound_only_on: "Bare lyd. Kameraet er av, og du ser ikke noe bilde.",
  sound_only_forced: "Forbindelsen din er svak. Lyden fortsetter uten bilde.",
  video_again: "Video igjen",
  ready_figures: (f) =>
    `Ut ${f.up} kbit/s, ${f.up_loss} % tapt · Inn ${f.down} kbit/s, ${f.down_loss} % tapt · Forsinkelse ${f.delay} ms`,
};
