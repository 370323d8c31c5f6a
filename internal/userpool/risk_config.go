package userpool

import (
	"context"
	"net/mail"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// RiskConfig is what threat protection does about a risky request, in a pool or
// for one client. Its JSON is that of the Cognito API, but for ModifiedAt.
type RiskConfig struct {
	CompromisedCredentials *CompromisedCredentials `json:"CompromisedCredentialsRiskConfiguration,omitzero"`
	AccountTakeover        *AccountTakeover        `json:"AccountTakeoverRiskConfiguration,omitzero"`
	Exceptions             *RiskExceptions         `json:"RiskExceptionConfiguration,omitzero"`
	ModifiedAt             time.Time               `json:"ModifiedAt,omitzero"`
}

// CompromisedCredentials says what happens where a password is known to have
// leaked.
type CompromisedCredentials struct {
	EventFilter []string                      `json:"EventFilter,omitzero"`
	Actions     CompromisedCredentialsActions `json:"Actions"`
}

// CompromisedCredentialsActions is BLOCK or NO_ACTION.
type CompromisedCredentialsActions struct {
	EventAction string `json:"EventAction"`
}

// AccountTakeover says what happens at each level of risk and how users hear of
// it.
type AccountTakeover struct {
	NotifyConfiguration *NotifyConfiguration   `json:"NotifyConfiguration,omitzero"`
	Actions             AccountTakeoverActions `json:"Actions"`
}

// AccountTakeoverActions are the actions by level; a level without one lets pass.
type AccountTakeoverActions struct {
	LowAction    *AccountTakeoverAction `json:"LowAction,omitzero"`
	MediumAction *AccountTakeoverAction `json:"MediumAction,omitzero"`
	HighAction   *AccountTakeoverAction `json:"HighAction,omitzero"`
}

// AccountTakeoverAction is BLOCK, MFA_IF_CONFIGURED, MFA_REQUIRED or NO_ACTION,
// with or without an email to the user.
type AccountTakeoverAction struct {
	Notify      bool   `json:"Notify"`
	EventAction string `json:"EventAction"`
}

// NotifyConfiguration holds the emails about risky sign-ins and their sender.
type NotifyConfiguration struct {
	From          string       `json:"From,omitzero"`
	ReplyTo       string       `json:"ReplyTo,omitzero"`
	SourceArn     string       `json:"SourceArn"`
	BlockEmail    *NotifyEmail `json:"BlockEmail,omitzero"`
	NoActionEmail *NotifyEmail `json:"NoActionEmail,omitzero"`
	MfaEmail      *NotifyEmail `json:"MfaEmail,omitzero"`
}

// NotifyEmail is the text of an email in its two forms.
type NotifyEmail struct {
	Subject  string `json:"Subject"`
	HtmlBody string `json:"HtmlBody,omitzero"`
	TextBody string `json:"TextBody,omitzero"`
}

// RiskExceptions are the addresses that are always or never refused, in CIDR
// notation.
type RiskExceptions struct {
	BlockedIPRangeList []string `json:"BlockedIPRangeList,omitzero"`
	SkippedIPRangeList []string `json:"SkippedIPRangeList,omitzero"`
}

// RiskConfig returns what was set for a client, or for the pool if clientID is
// empty; nil for nothing. Errors: ResourceNotFoundException.
func (p *Pools) RiskConfig(ctx context.Context, poolID, clientID string) (*RiskConfig, error) {
	if clientID == "" {
		pool, err := p.Pool(ctx, poolID)
		if err != nil {
			return nil, err
		}
		return pool.Risk, nil
	}
	_, client, err := p.PoolClient(ctx, poolID, clientID)
	if err != nil {
		return nil, err
	}
	return client.Risk, nil
}

// SetRiskConfig replaces what is set for a client, or for the pool if clientID is
// empty, and returns it; nil if there is nothing to set any more. Errors:
// ResourceNotFoundException, InvalidParameterException,
// UserPoolAddOnNotEnabledException.
func (p *Pools) SetRiskConfig(ctx context.Context, poolID, clientID string, r RiskConfig) (*RiskConfig, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var set *RiskConfig
	if r.CompromisedCredentials != nil || r.AccountTakeover != nil || r.Exceptions != nil {
		r.ModifiedAt = p.db.Now()
		set = &r
		if c := r.CompromisedCredentials; c != nil && len(c.EventFilter) == 0 {
			c.EventFilter = []string{"SIGN_IN", "PASSWORD_CHANGE", "SIGN_UP"}
		}
	}
	var err error
	if clientID == "" {
		err = p.changePool(ctx, poolID, func(pool *Pool) error {
			pool.Risk = set
			return p.checkAddOn(pool, set)
		})
	} else {
		_, err = p.changeClient(ctx, poolID, clientID, func(_ *store.Tx, pool *Pool, _ *store.UserPoolClient, doc *clientDoc) error {
			doc.Risk = set
			return p.checkAddOn(pool, set)
		})
	}
	if err != nil {
		return nil, err
	}
	return set, nil
}

// checkAddOn refuses a configuration for a pool without threat protection where
// tiers are imitated.
func (p *Pools) checkAddOn(pool *Pool, set *RiskConfig) error {
	on := pool.UserPoolAddOns != nil && pool.UserPoolAddOns.AdvancedSecurityMode != "OFF"
	if set == nil || on || !p.strictTiers {
		return nil
	}
	return fault.New(fault.UserPoolAddOnNotEnabled, "User pool add-ons are not enabled.")
}

func (r *RiskConfig) check() error {
	if e := r.Exceptions; e != nil {
		for _, list := range [][]string{e.BlockedIPRangeList, e.SkippedIPRangeList} {
			for _, text := range list {
				if _, err := netip.ParsePrefix(text); err != nil {
					return invalid("Invalid IP range %s, use CIDR notation.", text)
				}
			}
		}
	}
	if t := r.AccountTakeover; t != nil && t.NotifyConfiguration != nil {
		// Carriers put these into headers.
		if from := t.NotifyConfiguration.From; from != "" && !isMailbox(from) {
			return invalid("Provided From email address is invalid")
		}
		if to := t.NotifyConfiguration.ReplyTo; to != "" && !isMailbox(to) {
			return invalid("Provided ReplyTo email address is invalid")
		}
	}
	if t := r.AccountTakeover; t != nil && t.NotifyConfiguration == nil {
		for _, action := range []*AccountTakeoverAction{t.Actions.LowAction, t.Actions.MediumAction, t.Actions.HighAction} {
			if action != nil && action.Notify {
				return invalid("NotifyConfiguration is required for an action that notifies.")
			}
		}
	}
	return nil
}

// isMailbox says whether a text is an address, or Name <address>, on one line.
func isMailbox(text string) bool {
	_, err := mail.ParseAddress(text)
	return err == nil && !strings.ContainsFunc(text, unicode.IsControl)
}
