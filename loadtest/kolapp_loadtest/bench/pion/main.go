// The load of `kolapp bench media`: WebRTC peers by pion, an implementation of its own, that
// replay encoded pictures and sound and count what comes back. One JSON request a line on
// standard input, one reply each on standard output, as bench/worker.py speaks it.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v2"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
)

const (
	payloadSize  = 1100 // of a video packet
	pictureRate  = 30
	soundRate    = 50
	pictureClock = 90000
	soundClock   = 48000
	stampSize    = 16 // a mark and the time of sending, at the end of a picture
	mark         = 0x6b6f6c6170702121
)

var start = time.Now()

type recording struct{ frames [][]byte }

// A recording is frames, each after its length in four bytes.
func load(path string) (recording, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return recording{}, err
	}
	var found recording
	for len(data) >= 4 {
		size := int(binary.BigEndian.Uint32(data))
		found.frames = append(found.frames, data[4:4+size])
		data = data[4+size:]
	}
	return found, nil
}

type incoming struct {
	packets, bytes uint64
	sequences      int64 // highest, counted on round 65,536; -1 before the first
	first          int64
}

func (in *incoming) add(sequence uint16, size int) {
	in.packets++
	in.bytes += uint64(size)
	if in.sequences < 0 {
		in.first, in.sequences = int64(sequence), int64(sequence)
		return
	}
	ahead := int16(sequence - uint16(in.sequences))
	if ahead > 0 {
		in.sequences += int64(ahead)
	}
}

type leg struct {
	peer      *webrtc.PeerConnection
	video     *webrtc.TrackLocalStaticRTP
	audio     *webrtc.TrackLocalStaticRTP
	connected chan struct{}
	once      sync.Once
	lock      sync.Mutex
	in        map[string]*incoming
	picture   uint32    // SSRC of the picture that comes
	late      []float64 // milliseconds from sending to arrival, of marked packets
	sent      uint64
	unsent    uint64
}

type bench struct {
	api     *webrtc.API
	lock    sync.Mutex
	legs    map[string]*leg
	video   recording
	audio   recording
	running int32
}

func newBench() (*bench, error) {
	settings := webrtc.SettingEngine{}
	settings.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICETimeouts(10*time.Second, 20*time.Second, 2*time.Second)
	media := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "goog-remb"}}
	for _, each := range []struct {
		capability webrtc.RTPCodecCapability
		number     webrtc.PayloadType
		kind       webrtc.RTPCodecType
	}{
		{webrtc.RTPCodecCapability{MimeType: "audio/opus", ClockRate: soundClock, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}, 111, webrtc.RTPCodecTypeAudio},
		{webrtc.RTPCodecCapability{MimeType: "video/VP8", ClockRate: pictureClock, RTCPFeedback: feedback}, 96, webrtc.RTPCodecTypeVideo},
	} {
		codec := webrtc.RTPCodecParameters{RTPCodecCapability: each.capability, PayloadType: each.number}
		if err := media.RegisterCodec(codec, each.kind); err != nil {
			return nil, err
		}
	}
	registry := &interceptor.Registry{}
	if err := webrtc.ConfigureRTCPReports(registry); err != nil {
		return nil, err
	}
	if err := webrtc.ConfigureNack(media, registry); err != nil {
		return nil, err
	}
	return &bench{
		api: webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(media),
			webrtc.WithInterceptorRegistry(registry)),
		legs: map[string]*leg{},
	}, nil
}

type request struct {
	Number    int             `json:"number"`
	Verb      string          `json:"verb"`
	Arguments json.RawMessage `json:"arguments"`
}

type arguments struct {
	Leg     string  `json:"leg"`
	Sdp     string  `json:"sdp"`
	Video   string  `json:"video"`
	Audio   string  `json:"audio"`
	Seconds float64 `json:"seconds"`
	Kind    string  `json:"kind"`
	Rate    float64 `json:"rate"`
}

func (b *bench) make(name string) (*leg, error) {
	peer, err := b.api.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, err
	}
	found := &leg{peer: peer, connected: make(chan struct{}), in: map[string]*incoming{}}
	found.audio, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: "audio/opus"}, "audio", "bench")
	if err == nil {
		found.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: "video/VP8"}, "video", "bench")
	}
	if err != nil {
		return nil, err
	}
	for _, track := range []webrtc.TrackLocal{found.audio, found.video} {
		sender, err := peer.AddTrack(track)
		if err != nil {
			return nil, err
		}
		go func() { // interceptors work only while somebody reads
			buffer := make([]byte, 1500)
			for {
				if _, _, err := sender.Read(buffer); err != nil {
					return
				}
			}
		}()
	}
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			found.once.Do(func() { close(found.connected) })
		}
	})
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { found.listen(track) })
	b.lock.Lock()
	b.legs[name] = found
	b.lock.Unlock()
	return found, nil
}

func (l *leg) listen(track *webrtc.TrackRemote) {
	in := &incoming{sequences: -1}
	l.lock.Lock()
	l.in[track.Kind().String()] = in
	if track.Kind() == webrtc.RTPCodecTypeVideo {
		l.picture = uint32(track.SSRC())
	}
	l.lock.Unlock()
	buffer := make([]byte, 1600)
	for {
		size, _, err := track.Read(buffer)
		if err != nil {
			return
		}
		now := time.Since(start).Nanoseconds()
		l.lock.Lock()
		in.add(binary.BigEndian.Uint16(buffer[2:]), size)
		if size > 28 && buffer[1]&0x80 != 0 && binary.BigEndian.Uint64(buffer[size-16:]) == mark {
			sent := int64(binary.BigEndian.Uint64(buffer[size-8:]))
			l.late = append(l.late, float64(now-sent)/1e6)
		}
		l.lock.Unlock()
	}
}

// The offer holds its candidates, so that whoever answers need not trickle.
func (b *bench) offer(a arguments) (interface{}, error) {
	found, err := b.make(a.Leg)
	if err != nil {
		return nil, err
	}
	offer, err := found.peer.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(found.peer)
	if err := found.peer.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	<-gathered
	return found.peer.LocalDescription().SDP, nil
}

func (b *bench) take(name string) (*leg, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	found, ok := b.legs[name]
	if !ok {
		return nil, fmt.Errorf("no leg %s", name)
	}
	return found, nil
}

func (b *bench) accept(a arguments) (interface{}, error) {
	found, err := b.take(a.Leg)
	if err != nil {
		return nil, err
	}
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.Sdp}
	if err := found.peer.SetRemoteDescription(answer); err != nil {
		return nil, err
	}
	return nil, found.wait()
}

// Answer somebody else's offer (a server that offers, or a pair without a server).
func (b *bench) answer(a arguments) (interface{}, error) {
	found, err := b.make(a.Leg)
	if err != nil {
		return nil, err
	}
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: a.Sdp}
	if err := found.peer.SetRemoteDescription(offer); err != nil {
		return nil, err
	}
	answer, err := found.peer.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(found.peer)
	if err := found.peer.SetLocalDescription(answer); err != nil {
		return nil, err
	}
	<-gathered
	return found.peer.LocalDescription().SDP, nil
}

func (l *leg) wait() error {
	select {
	case <-l.connected:
		return nil
	case <-time.After(15 * time.Second):
		return fmt.Errorf("not connected in 15 s")
	}
}

func (b *bench) connected(a arguments) (interface{}, error) {
	found, err := b.take(a.Leg)
	if err != nil {
		return nil, err
	}
	return nil, found.wait()
}

func (b *bench) record(a arguments) (interface{}, error) {
	var err error
	if b.video, err = load(a.Video); err == nil {
		b.audio, err = load(a.Audio)
	}
	return nil, err
}

// Every leg sends from now on; one that is new joins the others.
func (b *bench) send(a arguments) (interface{}, error) {
	found, err := b.take(a.Leg)
	if err != nil {
		return nil, err
	}
	phase := time.Duration(rand.Int63n(int64(time.Second / pictureRate)))
	go func() {
		time.Sleep(phase)
		go found.play(time.Second/soundRate, func(n int) error { return found.sendSound(b.audio, n) })
		found.play(time.Second/pictureRate, func(n int) error { return found.sendPicture(b.video, n) })
	}()
	return nil, nil
}

func (l *leg) play(every time.Duration, send func(int) error) {
	begin := time.Now()
	for n := 0; ; n++ {
		time.Sleep(time.Until(begin.Add(time.Duration(n) * every)))
		if err := send(n); err != nil {
			if err == io.ErrClosedPipe {
				return
			}
			atomic.AddUint64(&l.unsent, 1)
		}
	}
}

func (l *leg) write(track *webrtc.TrackLocalStaticRTP, packet *rtp.Packet) error {
	if l.peer.ConnectionState() == webrtc.PeerConnectionStateClosed {
		return io.ErrClosedPipe
	}
	atomic.AddUint64(&l.sent, 1)
	return track.WriteRTP(packet)
}

func (l *leg) sendSound(sound recording, n int) error {
	frame := sound.frames[n%len(sound.frames)]
	return l.write(l.audio, &rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n) * soundClock / soundRate},
		Payload: frame,
	})
}

var pictures sync.Map // sequence number of the next picture's first packet, by leg

func (l *leg) sendPicture(film recording, n int) error {
	frame := film.frames[n%len(film.frames)]
	stored, _ := pictures.LoadOrStore(l, new(uint16))
	sequence := stored.(*uint16)
	for at := 0; at < len(frame); at += payloadSize {
		end := at + payloadSize
		if end > len(frame) {
			end = len(frame)
		}
		descriptor := byte(0)
		if at == 0 {
			descriptor = 0x10 // start of a partition
		}
		payload := append([]byte{descriptor}, frame[at:end]...)
		last := end == len(frame)
		if last {
			payload = append(payload, make([]byte, stampSize)...)
			binary.BigEndian.PutUint64(payload[len(payload)-16:], mark)
			binary.BigEndian.PutUint64(payload[len(payload)-8:], uint64(time.Since(start).Nanoseconds()))
		}
		packet := &rtp.Packet{
			Header: rtp.Header{Version: 2, Marker: last, SequenceNumber: *sequence,
				Timestamp: uint32(n) * (pictureClock / pictureRate)},
			Payload: payload,
		}
		*sequence++
		if err := l.write(l.video, packet); err != nil {
			return err
		}
	}
	return nil
}

type figures struct {
	Sent     uint64    `json:"sent"`
	Unsent   uint64    `json:"unsent"`
	Received uint64    `json:"received"`
	Expected uint64    `json:"expected"`
	Bytes    uint64    `json:"bytes"`
	Late     []float64 `json:"late_ms"`
	Legs     int       `json:"legs"`
	Silent   int       `json:"silent"`
}

// What came since the last time it was asked.
func (b *bench) figures(arguments) (interface{}, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	total := figures{Late: []float64{}}
	for _, each := range b.legs {
		total.Legs++
		total.Sent += atomic.SwapUint64(&each.sent, 0)
		total.Unsent += atomic.SwapUint64(&each.unsent, 0)
		each.lock.Lock()
		got := uint64(0)
		for _, in := range each.in {
			got += in.packets
			total.Bytes += in.bytes
			if in.sequences >= 0 {
				total.Expected += uint64(in.sequences - in.first)
				in.first = in.sequences
			}
			in.packets, in.bytes = 0, 0
		}
		total.Received += got
		if got == 0 {
			total.Silent++
		}
		total.Late = append(total.Late, each.late...)
		each.late = nil
		each.lock.Unlock()
	}
	return total, nil
}

// Somebody in a call who asks for far more than a browser does.
func (b *bench) storm(a arguments) (interface{}, error) {
	found, err := b.take(a.Leg)
	if err != nil {
		return nil, err
	}
	found.lock.Lock()
	picture := found.picture
	found.lock.Unlock()
	asked := 0
	begin := time.Now()
	for passed := 0.0; passed < a.Seconds; passed = time.Since(begin).Seconds() {
		for ; float64(asked) < passed*a.Rate; asked++ {
			var request rtcp.Packet = &rtcp.PictureLossIndication{MediaSSRC: picture}
			if a.Kind == "losses" {
				lost := rtcp.NackPair{PacketID: uint16(asked), LostPackets: 0xffff}
				request = &rtcp.TransportLayerNack{MediaSSRC: picture, Nacks: []rtcp.NackPair{lost}}
			}
			report := &rtcp.ReceiverReport{SSRC: 1} // every compound begins with one
			if err := found.peer.WriteRTCP([]rtcp.Packet{report, request}); err != nil {
				return nil, err
			}
		}
		time.Sleep(time.Millisecond)
	}
	return asked, nil
}

func (b *bench) close(a arguments) (interface{}, error) {
	found, err := b.take(a.Leg)
	if err != nil {
		return nil, err
	}
	b.lock.Lock()
	delete(b.legs, a.Leg)
	b.lock.Unlock()
	return nil, found.peer.Close()
}

func main() {
	replies := os.Stdout
	os.Stdout = os.Stderr // pion logs to it
	bench, err := newBench()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	verbs := map[string]func(arguments) (interface{}, error){
		"record": bench.record, "offer": bench.offer, "accept": bench.accept, "answer": bench.answer,
		"connected": bench.connected, "send": bench.send, "figures": bench.figures, "close": bench.close,
		"storm": bench.storm,
	}
	var output sync.Mutex
	reply := func(message map[string]interface{}) {
		line, _ := json.Marshal(message)
		output.Lock()
		defer output.Unlock()
		replies.Write(append(line, '\n'))
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	for lines.Scan() {
		var asked request
		var given arguments
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			continue
		}
		_ = json.Unmarshal(asked.Arguments, &given)
		go func() {
			verb, ok := verbs[asked.Verb]
			if !ok {
				reply(map[string]interface{}{"number": asked.Number, "failed": "no such verb"})
				return
			}
			result, err := verb(given)
			if err != nil {
				reply(map[string]interface{}{"number": asked.Number, "failed": err.Error()})
				return
			}
			reply(map[string]interface{}{"number": asked.Number, "result": result})
		}()
	}
}
