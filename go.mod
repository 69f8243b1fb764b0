module nephele.dev/nephele

go 1.26
