// Package console is the web console: pages for people, inside the program,
// that speak to the server by the same public API as any other client.
//
// It is a React application with the Cloudscape design system, whose pages look
// and work as those of the AWS console. Sources are in src, TypeScript in rooms
// like the Go code's; Vite bundles them. The bundle is committed, so that nobody
// needs npm to build the program, and holds a hash of the sources it was made
// from: a test fails when the two part.
//
//	src/session/      who uses the console; the sign-in
//	src/shell/        what surrounds every page
//	src/aws/          clients of the AWS SDK and structures of the API
//	src/data/         questions to the API that are asked again, and actions
//	src/ui/           how errors, times and links are written
//	src/canaries/     list, detail, create and edit
//	src/run/          one run: steps, screenshots, network, logs, differences
//	src/groups/       groups of canaries
//	src/unit.ts       tests of functions, *.test.ts beside them; go generate makes
//	                  dist/unit.mjs of them, so that running them needs Node.js alone
//	test/             what a browser does with it, in Playwright
//	bundle/           go generate: runs Vite and writes dist/console.tar
//	THIRD_PARTY       licences of the bundled packages
//
// # What a page may do
//
// Pages are same-origin with the API, so that browsers ask for nothing special,
// and the Content-Security-Policy allows nothing from anywhere else. With
// authentication a person types an access key; it stays in the session storage
// of the browser's tab, and every request is signed with it, so a page can do
// what the key can and no more. The server keeps no sessions and sets no cookies.
// Without authentication there is nothing to sign in to.
//
// Files are compressed once, when the bundle is made, and served as they lie in
// the program: a page costs neither memory nor time for compression.
package console
