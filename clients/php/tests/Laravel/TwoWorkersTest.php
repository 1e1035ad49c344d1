<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Closure;
use Cognate\Laravel\Applier;
use Cognate\Laravel\Inbox;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\Pusher;
use Cognate\Laravel\Reporter;
use Cognate\Laravel\Settings;
use Cognate\Laravel\Worker;
use Cognate\Laravel\WorkerLock;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\AppTestCase;
use Cognate\Tests\Laravel\Support\FakeHub;
use Cognate\V1\Delivery;
use Cognate\V1\Field;
use Cognate\V1\Operation;
use Cognate\V1\Value;

/** One worker is taken for dead while its request is under way, and another one works meanwhile: nothing is lost by it. */
final class TwoWorkersTest extends AppTestCase
{
    private FakeHub $hub;

    protected function setUp(): void
    {
        parent::setUp();
        $this->hub = $this->fakeHub();
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $this->push();
    }

    public function testAnEditThatWasMergedMeanwhileIsSentAsItIsByThen(): void
    {
        User::first()->update(['name' => 'Ada L']);
        $this->whileARequestIsUnderWay(fn () => $this->deliver(['email' => 'new@example.org']));
        self::assertSame(['update users 1'], $this->captured(), 'it is another change than the one that was sent');
        $this->push();
        $this->assertHubHas('Ada L', 'new@example.org');
    }

    public function testAnEditIsSentAfterTheReportOfTheDeliveryThatItMet(): void
    {
        User::first()->update(['name' => 'Ada L']);
        $this->write(['email' => 'new@example.org']);
        Tag::create(['name' => 'another record']);
        $this->push();
        self::assertSame(['update users 1'], $this->captured(), 'by another worker, which has not written it');
        $this->app->make(Reporter::class)->catchUp();
        $this->push();
        $this->assertHubHas('Ada L', 'new@example.org');
    }

    public function testAStateThatComesLateIsFollowedByWhatIsSo(): void
    {
        User::first()->update(['name' => 'Ada L']);
        $this->whileARequestIsUnderWay(function (): void {
            $this->deliver(['email' => 'new@example.org']);
            $this->push();
            self::assertSame([], $this->captured());
        });
        $this->push();
        $this->assertHubHas('Ada L', 'new@example.org');
    }

    public function testAStateThatComesAfterTheDeleteIsDeletedOnceMore(): void
    {
        User::first()->update(['name' => 'Ada L']);
        $this->whileARequestIsUnderWay(function (): void {
            // So that the first one's change is new to the hub when it arrives.
            $this->deliver(['email' => 'new@example.org']);
            User::first()->delete();
            $this->push();
            self::assertNull($this->hub->records['users 1']);
        });
        $this->push();
        self::assertSame([null, []], [$this->hub->records['users 1'], $this->captured()]);
    }

    public function testTheSameChangesSentByBothCountOnce(): void
    {
        User::first()->update(['name' => 'Ada L']);
        Tag::create(['name' => 'a']);
        $before = count($this->hub->taken);
        $this->whileARequestIsUnderWay(fn () => $this->push());
        $this->push();
        self::assertSame([$before + 2, []], [count($this->hub->taken), $this->captured()]);
        $this->assertHubHas('Ada L', 'ada@example.org');
    }

    public function testAnEditThatIsSentWhileADeliveryMeetsItKeepsTheDeliverysValues(): void
    {
        User::first()->update(['name' => 'Ada L']);
        // After the outbox was looked at, and before the row is rewritten.
        $isFirst = true;
        $this->database()->beforeExecuting(function (string $query) use (&$isFirst): void {
            if ($isFirst && str_starts_with($query, 'update "cognate_outbox" set "change_id"')) {
                $isFirst = false;
                $this->push();
            }
        });
        $this->deliver(['email' => 'new@example.org']);
        $this->push();
        $this->assertHubHas('Ada L', 'new@example.org');
    }

    public function testAnAnswerThatIsReadLateTakesNothingBack(): void
    {
        $inbox = $this->app->make(Inbox::class);
        $row = static fn (int $version, bool $deleted): array => ['model' => 'users', 'local_id' => '1', 'version' => $version, 'floor' => 0, 'hash' => "hash $version", 'deleted' => $deleted];
        $inbox->sent($this->database(), [$row(5000, true)]);
        $inbox->sent($this->database(), [$row(4000, false)]);
        $known = $inbox->ofRecord($this->database(), 'users', '1');
        self::assertSame([5000, true, 'hash 5000'], [$known->version, $known->isDeleted, $known->hash]);
    }

    public function testAWorkerStopsWhenAnotherOneHasTheLock(): void
    {
        $this->app = $this->makeApp(['batch' => 1]);
        \Cognate\Tests\Laravel\Support\Blog::create($this->database());
        $this->app->makeTables();
        $this->hub = $this->fakeHub();
        $this->app->bind(WorkerLock::class, fn (): WorkerLock => new WorkerLock($this->app->make(Settings::class), 'worker', 0.0));
        foreach (['push', 'work', 'pull'] as $place => $how) {
            foreach (range(1, 3) as $i) {
                Tag::create(['name' => "$how $i"]);
            }
            $this->hub->deliveries = [$this->delivery("{$place}1", ['name' => "x$place"]), $this->delivery("{$place}2", ['name' => "y$place"])];
            $this->hub->before = function (string $method): void {
                if (in_array($method, ['Capture', 'Pull'], true)) {
                    $this->database()->table(Settings::TABLE)->where('name', 'worker')->update(['value' => 'another 1 x y', 'expires' => time() + 90]);
                }
            };
            $report = $this->app->make(Worker::class)->{$how}(3600.0);
            self::assertSame($how === 'pull' ? [0, 0] : [1, 0], [$report->sent, $report->received], $how);
            self::assertSame('another 1 x y', $this->app->make(WorkerLock::class)->holder(), 'it stays theirs');
            $this->database()->table(Settings::TABLE)->delete();
        }
    }

    public function testWhoCannotBeSeenIsNotDead(): void
    {
        $lock = new WorkerLock($this->app->make(Settings::class));
        self::assertTrue($lock->acquire());
        self::assertTrue($lock->renew());
        self::assertTrue($lock->renew(), 'also twice in one second');
        $other = new WorkerLock($this->app->make(Settings::class));
        $holder = (string) $lock->holder();
        foreach (['somebody who lives' => $holder, 'another machine' => "elsewhere $holder", 'another container' => str_replace(' ' . getmypid() . ' ', ' 4194305 ', $holder) . '1'] as $who => $value) {
            $this->database()->table(Settings::TABLE)->where('name', 'worker')->update(['value' => $value]);
            self::assertFalse($other->acquire(), $who);
        }
        $this->database()->table(Settings::TABLE)->where('name', 'worker')->update(['value' => str_replace(' ' . getmypid() . ' ', ' 4194305 ', $holder)]);
        self::assertTrue($other->acquire(), 'who is known to be dead');
        self::assertFalse($lock->renew());
    }

    private function push(): void
    {
        while ($this->app->make(Pusher::class)->push() > 0) {
            // Until nothing is left.
        }
    }

    /** The first worker has read the outbox, and its request takes its time. */
    private function whileARequestIsUnderWay(Closure $other): void
    {
        $this->hub->before = function (string $method) use ($other): void {
            $this->hub->before = null;
            $other();
        };
        $this->app->make(Pusher::class)->push();
    }

    /** @param array<string, string> $fields of the user */
    private function deliver(array $fields): void
    {
        $this->write($fields);
        $this->app->make(Reporter::class)->catchUp();
    }

    /** @param array<string, string> $fields of the user, which are not reported */
    private function write(array $fields): void
    {
        $delivery = $this->delivery('1', $fields)->setModel('users')->setLocalId('1');
        // A version that is newer than what the hub gave for the user so far.
        $this->app->make(Applier::class)->apply([$delivery->setVersion(100 + count($this->hub->taken))]);
        self::assertSame($fields['email'], User::first()->email);
    }

    /** @param array<string, string> $fields */
    private function delivery(string $entity, array $fields): Delivery
    {
        $list = [];
        foreach ($fields as $name => $text) {
            $list[] = (new Field())->setName($name)->setValue((new Value())->setTextValue($text));
        }
        return (new Delivery())->setEntityId("0197f3a2-6a1c-7d44-9a2e-0000000000$entity")->setModel('tags')->setVersion(10)->setOperation(Operation::OPERATION_UPDATE)->setFields($list);
    }

    private function assertHubHas(string $name, string $email): void
    {
        self::assertSame([], $this->captured());
        self::assertSame([$name, $email], [$this->hub->records['users 1']['name'], $this->hub->records['users 1']['email']]);
        self::assertSame([$name, $email], [User::first()->name, User::first()->email]);
    }
}
