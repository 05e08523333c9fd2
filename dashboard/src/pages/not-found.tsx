import { Link } from 'wouter';

export function NotFound() {
  return (
    <section className="empty">
      <h1>There is nothing here</h1>
      <p>
        The address leads to no page. <Link href="/">Go to the recoveries.</Link>
      </p>
    </section>
  );
}
