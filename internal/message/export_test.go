package message

// Wake has nodes look for messages now, as Put does: after the clock was moved.
func (o *Outbox) Wake() { o.wake <- struct{}{} }
