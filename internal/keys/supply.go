package keys

import (
	"context"
	"crypto/rsa"
	"sync"

	"github.com/poolhouse/poolhouse/internal/keys/internal/rsakey"
)

// supplySize is how many keys are kept ready: two pools' worth. A key costs
// about a tenth of a second to make.
const supplySize = 4

// supply keeps RSA keys ready, so that making a pool need not wait for them. It
// makes none before it is started, and one at a time, so as to leave the
// processors to the requests.
type supply struct {
	ready chan *rsa.PrivateKey
	begin sync.Once
	stop  context.CancelFunc
	ctx   context.Context
	wg    sync.WaitGroup
	fail  func(error)
}

func newSupply(fail func(error)) *supply {
	s := &supply{ready: make(chan *rsa.PrivateKey, supplySize), fail: fail}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// start begins to fill the supply; calls after the first do nothing.
func (s *supply) start() {
	s.begin.Do(func() {
		s.wg.Go(func() {
			for s.ctx.Err() == nil {
				key, err := rsakey.Make()
				if err != nil {
					s.fail(err)
					return
				}
				select {
				case s.ready <- key:
				case <-s.ctx.Done():
				}
			}
		})
	})
}

// close stops the supply and waits for the key being made.
func (s *supply) close() {
	s.stop()
	s.begin.Do(func() {}) // a start that comes later does nothing
	s.wg.Wait()
}

// take returns n keys: what is ready, and the rest made now, side by side. The
// first call starts the supply.
func (s *supply) take(ctx context.Context, n int) ([]*rsa.PrivateKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys := make([]*rsa.PrivateKey, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range keys {
		select {
		case keys[i] = <-s.ready:
		default:
			wg.Go(func() { keys[i], errs[i] = rsakey.Make() })
		}
	}
	wg.Wait()
	s.start()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}
