<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\FieldViolation;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Exception\StatusCode;
use Cognate\Laravel\EventPump;
use Cognate\Laravel\Events;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\Pusher;
use Cognate\Laravel\Settings;
use Cognate\Laravel\Worker;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\AppTestCase;
use Cognate\Tests\Laravel\Support\FakeHub;
use Google\Protobuf\Internal\Message;
use Illuminate\Database\QueryException;

/** What cannot be sent is refused with the reason, and keeps nothing else from being sent; what may pass is not refused. */
final class PusherTest extends AppTestCase
{
    private FakeHub $hub;

    protected function setUp(): void
    {
        parent::setUp();
        $this->hub = $this->fakeHub();
    }

    public function testWhoStillHasADeletedRecordInHandMakesItAnewForNobody(): void
    {
        $pusher = $this->app->make(Pusher::class);
        $post = Post::create(['title' => 'One']);
        $inHand = Post::find($post->id);
        $pusher->push();
        $post->delete();
        $inHand->update(['body' => 'too late']);
        self::assertSame(['delete posts 1', 'update posts 1'], $this->captured());
        $pusher->push();
        self::assertSame([null, []], [$this->hub->records['posts 1'], $this->captured()]);
        $inHand->update(['body' => 'later still']);
        self::assertSame([1, null, []], [$pusher->push(), $this->hub->records['posts 1'], $this->captured()]);
        Post::withTrashed()->first()->restore();
        Post::first()->update(['body' => 'back']);
        $pusher->push();
        self::assertSame('back', $this->hub->records['posts 1']['body']);
    }

    /** @return array<string, array{CognateException}> */
    public function waysThatAreTooNarrow(): array
    {
        return [
            'a gateway' => [CognateException::of(StatusCode::RESOURCE_EXHAUSTED, 'the body is larger than 16777216 bytes', 'BODY_TOO_LARGE')],
            'gRPC' => [CognateException::of(StatusCode::RESOURCE_EXHAUSTED, 'Received message larger than max (67108900 vs. 67108864)')],
            'a proxy' => [CognateException::of(StatusCode::fromHttp(413), 'The answer is no gRPC: HTTP status 413', 'REQUEST_TOO_LARGE')],
        ];
    }

    /** @dataProvider waysThatAreTooNarrow */
    public function testOneRecordThatIsTooLargeIsRefusedAndTheOthersGoOn(CognateException $tooLarge): void
    {
        foreach (range(1, 7) as $i) {
            Tag::create(['name' => "tag $i"]);
        }
        User::create(['name' => 'Ada', 'email' => 'ada@example.org', 'settings' => str_repeat('x', 5000)]);
        Tag::create(['name' => 'the last']);
        $refused = [];
        $this->app->make('events')->listen(Events\ChangeRefused::class, static function (Events\ChangeRefused $event) use (&$refused): void {
            $refused[] = [$event->model, $event->reason];
        });
        $this->hub->before = static fn (string $method, Message $request) => strlen($request->serializeToString()) > 4000 ? throw $tooLarge : null;
        self::assertSame(9, $this->app->make(Pusher::class)->push());
        self::assertSame([['users', 'RECORD_TOO_LARGE']], $refused);
        self::assertCount(8, $this->hub->records);
        self::assertSame([], $this->captured());
        $this->app->artisan('cognate:status', ['--no-hub' => true], $said);
        self::assertStringContainsString('users 1: RECORD_TOO_LARGE', $said);
    }

    public function testAHubThatIsBusyRefusesNothing(): void
    {
        Tag::create(['name' => 'a']);
        $this->hub->before = static fn () => throw CognateException::of(StatusCode::RESOURCE_EXHAUSTED, 'no connection is free', 'DATABASE_POOL_EXHAUSTED');
        try {
            $this->app->make(Pusher::class)->push();
            self::fail('nothing was sent');
        } catch (ResourceExhausted) {
            self::assertSame(['create tags 1'], $this->captured());
        }
    }

    public function testAWrongPlatformRefusesNothing(): void
    {
        Tag::create(['name' => 'a']);
        Tag::create(['name' => 'b']);
        $this->hub->before = static fn () => throw CognateException::of(StatusCode::INVALID_ARGUMENT, 'platform: got "Shop"', 'INVALID_FIELD', [new FieldViolation('platform', 'got "Shop"')]);
        try {
            $this->app->make(Pusher::class)->push();
            self::fail('nothing was sent');
        } catch (InvalidArgument) {
            self::assertCount(2, $this->captured());
        }
    }

    public function testADatabaseThatFailsForAMomentRefusesNothing(): void
    {
        Tag::create(['name' => 'a']);
        $this->database()->beforeExecuting(static function (string $query): void {
            if (str_contains($query, 'table_xinfo')) {
                throw new QueryException($query, [], new \PDOException('database is locked'));
            }
        });
        try {
            $this->app->make(Pusher::class)->push();
            self::fail('the columns cannot be read');
        } catch (QueryException) {
            self::assertSame(['create tags 1'], $this->captured());
        }
    }

    public function testAChangeThatCannotBeReadIsRefusedAloneWithTheReason(): void
    {
        Tag::create(['name' => 'a']);
        Tag::create(['name' => 'b']);
        $this->database()->table(Outbox::TABLE)->where('local_id', '1')->update(['fields' => '{"na']);
        self::assertSame(2, $this->app->make(Pusher::class)->push());
        self::assertSame(['tags 2'], array_keys($this->hub->records));
        self::assertStringContainsString('UNREADABLE_CHANGE', $this->app->make(Outbox::class)->refused($this->database())[0]->error);
    }

    public function testAHubThatWasRestoredIsListenedToFromNowOn(): void
    {
        $settings = $this->app->make(Settings::class);
        $settings->set('events', 'e4711.0');
        $asked = [];
        $this->hub->before = static function (string $method, Message $request) use (&$asked): void {
            if ($method === 'ListEvents') {
                $asked[] = $request->getResumeToken();
                $request->getResumeToken() === '' || throw CognateException::of(StatusCode::INVALID_ARGUMENT, 'it is not one of this server\'s', 'INVALID_FIELD');
            }
        };
        $pump = $this->app->make(EventPump::class);
        $pump->pump();
        $pump->pump();
        self::assertSame(['e4711.0', ''], $asked);
        self::assertSame('e1.0', $settings->get('events'));
    }

    public function testRecordsTravelWhileNothingCanBeToldOfThem(): void
    {
        Tag::create(['name' => 'a']);
        $this->hub->before = static fn (string $method) => $method === 'ListEvents' ? throw CognateException::of(StatusCode::INTERNAL, 'the events are broken') : null;
        $report = $this->app->make(Worker::class)->work(0.0);
        self::assertSame(1, $report->sent);
        self::assertStringContainsString('the events are broken', $report->error);
        self::assertSame(2, $this->hub->calls['Pull'], 'once with the change, and once more to see that nothing is left');
    }
}
