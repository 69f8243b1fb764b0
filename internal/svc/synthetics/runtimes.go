package synthetics

import (
	"context"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/canaryruntime"
)

// runtime is the canary's runtime version.
func (c *config) runtime() canaryruntime.Version {
	v, _ := canaryruntime.Parse(c.Runtime)
	return v
}

// DescribeRuntimeVersions lists the runtimes that this installation executes.
func (s *Service) DescribeRuntimeVersions(ctx context.Context, in *api.DescribeRuntimeVersionsInput) (*api.DescribeRuntimeVersionsOutput, error) {
	from, all := 0, canaryruntime.All()
	if err := s.position(ctx, nil, in.NextToken, &from); err != nil {
		return nil, err
	}
	to := min(from+limitOr(in.MaxResults, 100), len(all))
	out := &api.DescribeRuntimeVersionsOutput{RuntimeVersions: []*api.RuntimeVersion{}}
	for _, v := range all[min(from, to):to] {
		released, deprecated := v.Dates()
		out.RuntimeVersions = append(out.RuntimeVersions, &api.RuntimeVersion{
			VersionName: new(v.Name), Description: new(v.Description()), ReleaseDate: released, DeprecationDate: deprecated,
		})
	}
	if to == len(all) {
		return out, nil
	}
	var err error
	out.NextToken, err = s.token(ctx, nil, to)
	return out, err
}
