// Runs before a page's own code: notes when each step of a call's beginning was done, by the
// page's own clock. All pages of one machine share it: `timeOrigin` is of the system's clock.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const marks = (window.connectMarks = {});
  const mark = (name) => (marks[name] ??= now());
  /** The next visit begins: forget the last one. The first frame from here on counts: nothing is
   *  forwarded before the answer. */
  window.connectReset = () => {
    for (const name of Object.keys(marks)) delete marks[name];
    watchFrames();
  };

  let watching = 0;
  const watchFrames = () => {
    const video = document.querySelector("video#remote");
    const mine = ++watching;
    if (!video) return;
    const seen = () => {
      if (mine !== watching) return;
      mark("frame");
    };
    video.requestVideoFrameCallback(seen);
  };
  addEventListener("DOMContentLoaded", () => setTimeout(watchFrames));

  addEventListener("click", (event) => {
    if (event.target.closest?.("button")?.id === "answer") mark("click");
  }, true);

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return;
        if (data.includes('"in_visit"')) mark("in_visit");
        if (data.includes('"sdp_answer"')) mark("sdp_answer");
      });
    }
    send(data) {
      if (typeof data === "string" && data.includes('"type":"offer"')) mark("offer");
      super.send(data);
    }
  };

  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...all) {
      super(...all);
      mark("peer");
      this.addEventListener("iceconnectionstatechange", () => {
        if (this.iceConnectionState === "connected") mark("ice");
      });
      this.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "connected") mark("connected");
      });
    }
  };

  const devices = navigator.mediaDevices;
  const get = devices?.getUserMedia.bind(devices);
  if (get) {
    devices.getUserMedia = async (wanted) => {
      mark("camera_asked");
      const stream = await get(wanted);
      mark("camera");
      return stream;
    };
  }
})();
