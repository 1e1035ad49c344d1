<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/ApplierTest.php';

use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\Blog;
use Cognate\Tests\Laravel\Support\MariaDb;
use Cognate\V1\OutcomeStatus;

/** Deliveries are written into a MariaDB as well. */
final class ApplierMariaDbTest extends ApplierTest
{
    /** @return array<string, mixed> */
    protected function emptyDatabase(): array
    {
        return MariaDb::database('app');
    }

    public function testAnEditThatIsSavedWhileItsRecordIsLockedIsNotOverwritten(): void
    {
        $database = $this->emptyDatabase();
        $this->app = $this->makeApp([], ['default' => $database, 'application' => $database]);
        Blog::create($this->database());
        $this->app->makeTables();
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        $edits = 1;
        // The worker has looked at its inbox, and waits for the row.
        $this->database()->beforeExecuting(static function (string $query) use (&$edits): void {
            if ($edits > 0 && str_contains($query, 'from `users`') && str_ends_with($query, 'for update')) {
                $edits--;
                User::on('application')->find(1)->update(['name' => 'edited here']);
            }
        });
        $this->one($this->user(1, 11, ['name' => 'edited there', 'email' => 'new@example.org'])->setLocalId('1'));
        self::assertSame([0, 'edited here', 'new@example.org'], [$edits, User::first()->name, User::first()->email]);
        self::assertSame(['edited here', 'new@example.org'], [$this->newest()['name'], $this->newest()['email']]);
    }

    public function testATransactionOfTheApplicationIsNotWaitedForLong(): void
    {
        $database = $this->emptyDatabase();
        $this->app = $this->makeApp([], ['default' => $database, 'application' => $database]);
        Blog::create($this->database());
        $this->app->makeTables();
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        $application = $this->app->manager->getConnection('application');
        $application->beginTransaction();
        $application->table('users')->update(['name' => 'being edited']);
        $result = $this->one($this->user(1, 11, ['name' => 'edited there', 'email' => 'new@example.org'])->setLocalId('1'));
        self::assertSame(OutcomeStatus::OUTCOME_STATUS_FAILED, $result->getStatus(), 'again later');
        $application->rollBack();
        self::assertSame(50, (int) $this->database()->selectOne('SELECT @@innodb_lock_wait_timeout AS seconds')->seconds, 'as it was before');
        self::assertSame(OutcomeStatus::OUTCOME_STATUS_APPLIED, $this->one($this->user(1, 11, ['name' => 'edited there', 'email' => 'new@example.org'])->setLocalId('1'))->getStatus());
    }

    /** Some of it waits for another process to be done: the worker, and the application on another connection. */
    public function testTheApplicationsOwnRecordsAreAddedMeanwhile(): void
    {
        $database = $this->emptyDatabase();
        $this->app = $this->makeApp([], ['default' => $database, 'application' => $database]);
        Blog::create($this->database());
        $this->app->makeTables();
        User::saving(static function (User $user): void {
            if ($user->getConnectionName() !== 'application') {
                User::on('application')->create(['name' => "beside $user->name", 'email' => "beside-$user->email"]);
            }
        });
        $results = $this->apply([
            $this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']),
            $this->user(2, 11, ['name' => 'Bob', 'email' => 'bob@example.org']),
        ]);
        self::assertSame([OutcomeStatus::OUTCOME_STATUS_APPLIED, OutcomeStatus::OUTCOME_STATUS_APPLIED], array_map(static fn ($result): int => $result->getStatus(), $results));
        self::assertSame(4, User::count());
    }
}
