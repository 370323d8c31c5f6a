package idp

import (
	"context"
	"net/netip"
	"strings"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// publicOrigin is where a request without credentials comes from: the address it
// was sent from. A server in between that proves itself by the client's secret
// may name another, where the client is set so
// (EnablePropagateAdditionalUserContextData).
func publicOrigin(ctx context.Context, client *userpool.Client, data *idpapi.UserContextDataType,
	analytics *idpapi.AnalyticsMetadataType) signin.Origin {
	r := awsjson.RequestFrom(ctx)
	o := signin.Origin{IPAddress: r.SourceIP, UserAgent: r.UserAgent}
	if data != nil {
		o.EncodedData = data.EncodedData
		if ip := ipAddress(data.IpAddress); ip != "" && client.EnablePropagateAdditionalUserContextData && client.HasSecret() {
			o.IPAddress = ip
		}
	}
	if analytics != nil {
		o.EndpointID = analytics.AnalyticsEndpointId
	}
	return o
}

// adminOrigin is where an administrator's server says that the user's request
// came from. The server's own address says nothing of the user.
func adminOrigin(data *idpapi.ContextDataType, analytics *idpapi.AnalyticsMetadataType) signin.Origin {
	var o signin.Origin
	if data != nil {
		o.IPAddress, o.EncodedData = ipAddress(data.IpAddress), data.EncodedData
		for _, h := range data.HttpHeaders {
			if strings.EqualFold(h.HeaderName, "User-Agent") {
				o.UserAgent = h.HeaderValue
			}
		}
	}
	if analytics != nil {
		o.EndpointID = analytics.AnalyticsEndpointId
	}
	return o
}

// ipAddress is an address as it is written shortest, or "" for what is none.
func ipAddress(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}
