package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateUserPoolReplica records a replica of a pool.
func (s *Service) CreateUserPoolReplica(ctx context.Context, in *idpapi.CreateUserPoolReplicaInput) (*idpapi.CreateUserPoolReplicaOutput, error) {
	r, err := s.pools.CreateReplica(ctx, in.UserPoolId, in.RegionName, in.UserPoolTags)
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateUserPoolReplicaOutput{UserPoolReplica: new(replicaType(r))}, nil
}

// UpdateUserPoolReplica sets the status of a replica.
func (s *Service) UpdateUserPoolReplica(ctx context.Context, in *idpapi.UpdateUserPoolReplicaInput) (*idpapi.UpdateUserPoolReplicaOutput, error) {
	r, err := s.pools.UpdateReplica(ctx, in.UserPoolId, in.RegionName, string(in.Status))
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateUserPoolReplicaOutput{UserPoolReplica: new(replicaType(r))}, nil
}

// DeleteUserPoolReplica forgets a replica.
func (s *Service) DeleteUserPoolReplica(ctx context.Context, in *idpapi.DeleteUserPoolReplicaInput) (*idpapi.DeleteUserPoolReplicaOutput, error) {
	r, err := s.pools.DeleteReplica(ctx, in.UserPoolId, in.RegionName)
	if err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserPoolReplicaOutput{UserPoolReplica: new(replicaType(r))}, nil
}

// ListUserPoolReplicas lists the replicas of a pool, the primary one first.
func (s *Service) ListUserPoolReplicas(ctx context.Context, in *idpapi.ListUserPoolReplicasInput) (*idpapi.ListUserPoolReplicasOutput, error) {
	replicas, err := s.pools.Replicas(ctx, in.UserPoolId, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListUserPoolReplicasOutput{}
	for _, r := range replicas {
		out.UserPoolReplicas = append(out.UserPoolReplicas, replicaType(r))
	}
	return out, nil
}

// replicaType is the API's form of a replica.
func replicaType(r *userpool.Replica) idpapi.UserPoolReplicaType {
	role := idpapi.ReplicaRoleTypeSecondary
	if r.Primary {
		role = idpapi.ReplicaRoleTypePrimary
	}
	return idpapi.UserPoolReplicaType{RegionName: r.Region, Status: idpapi.ReplicaStatusType(r.Status), Role: role, UserPoolArn: r.ARN}
}
