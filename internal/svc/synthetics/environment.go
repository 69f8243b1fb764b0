package synthetics

import (
	"encoding/json"
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// environmentPurpose is what environment variables are sealed for. They are
// bound to the account, the region and the id of their canary, so that they do
// not open in another one.
const environmentPurpose = "synthetics.env"

// errEnvironmentLost is the verdict on runs whose variables nobody can read any more.
var errEnvironmentLost = errors.New("the canary's environment variables cannot be decrypted: the server lacks the master key that sealed them; " +
	"restore the key, or set the variables again with UpdateCanary")

// protect seals the environment variables that c has in the clear.
func (s *Service) protect(r ref, c *config) error {
	if c.Environment == nil {
		return nil
	}
	c.Sealed = nil
	if len(c.Environment) > 0 {
		plain, err := json.Marshal(c.Environment)
		if err != nil {
			return err
		}
		if c.Sealed, err = s.Seal.Seal(environmentPurpose, plain, r.Account, r.Region, r.ID); err != nil {
			return fmt.Errorf("seal environment variables: %w", err)
		}
	}
	c.Environment = nil
	return nil
}

// environment is the environment variables of a canary. Those that were stored
// before they were sealed stand in the clear until its next run.
func (s *Service) environment(rec *store.Record[canary]) (map[string]string, error) {
	c := &rec.Doc.Config
	if len(c.Sealed) == 0 {
		return c.Environment, nil
	}
	plain, err := s.Seal.Open(environmentPurpose, c.Sealed, rec.Account, rec.Region, rec.Doc.ID)
	if errors.Is(err, seal.ErrLost) {
		return nil, errEnvironmentLost
	}
	if err != nil {
		return nil, errors.New("the canary's environment variables cannot be decrypted: they were not sealed for this canary, or have been changed since")
	}
	var vars map[string]string
	if err := json.Unmarshal(plain, &vars); err != nil {
		return nil, errors.New("the canary's environment variables cannot be read") // the cause would quote them
	}
	return vars, nil
}

// protectStored seals what an older version has stored in the clear.
func (s *Service) protectStored(tx *store.Tx, rec *store.Record[canary]) error {
	if rec.Doc.Config.Environment == nil {
		return nil
	}
	if err := s.protect(refOf(rec), &rec.Doc.Config); err != nil {
		return err
	}
	return s.canaries.Put(tx, rec)
}
