import { useState } from 'react';
import { useSession } from '../state/session.tsx';

/** The token stays in this tab, and goes to the server in a header only. */
export function SignIn() {
  const { signIn, problem } = useSession();
  const [token, setToken] = useState('');
  const refused = problem?.status === 401 && !/no token|missing|without/i.test(problem.detail) ? problem : undefined;
  return (
    <main className="alone">
      <form
        className="card sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== '') signIn(token.trim());
        }}
      >
        <h1>Rerail</h1>
        <p>This server asks for a token. It is kept in this tab only, until you close it.</p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        {refused && (
          <p className="field-problem" role="alert">
            {refused.detail}
          </p>
        )}
        <button type="submit" className="primary" disabled={token.trim() === ''}>
          Sign in
        </button>
        <p className="muted small">
          A person who runs the server makes one: <code>rerail token create ada --role operator</code>
        </p>
      </form>
    </main>
  );
}
