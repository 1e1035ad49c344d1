<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\Sync;
use Cognate\Tests\Laravel\Models\Device;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Session;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\AppTestCase;

/** What Eloquent writes is in the outbox, with the write or not at all. */
class CaptureTest extends AppTestCase
{
    public function testAWriteIsCapturedWithTheWholeRecordAsTheDatabaseHasIt(): void
    {
        $user = User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        self::assertSame(['create users 1'], $this->captured());
        self::assertSame(1, $this->newest()['active'], 'what the database fills in itself');
        $stale = User::find($user->id);
        $user->update(['name' => 'Ada Lovelace']);
        $stale->update(['email' => 'lovelace@example.org']);
        self::assertSame('Ada Lovelace', $this->newest()['name'], 'what somebody else wrote meanwhile does not go back');
        $user->delete();
        self::assertSame(['create users 1', 'update users 1', 'update users 1', 'delete users 1'], $this->captured());
    }

    public function testWhatIsHiddenNeverReachesTheOutbox(): void
    {
        User::create(['name' => 'Ada', 'email' => 'ada@example.org', 'password' => 'geheim']);
        $all = json_encode($this->database()->table(Outbox::TABLE)->get());
        self::assertStringNotContainsString('geheim', $all);
        User::first()->update(['password' => 'anders']);
        self::assertCount(1, $this->captured(), 'a change of nothing but hidden fields is none');
    }

    public function testARolledBackTransactionWasNeverThere(): void
    {
        $connection = $this->database();
        $connection->beginTransaction();
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $connection->rollBack();
        self::assertSame([], $this->captured());
        $connection->transaction(function () use ($connection): void {
            User::create(['name' => 'Bob', 'email' => 'bob@example.org']);
            try {
                $connection->transaction(function (): void {
                    User::create(['name' => 'Eve', 'email' => 'eve@example.org']);
                    throw new \RuntimeException('no');
                });
            } catch (\RuntimeException) {
                // The savepoint is rolled back, the rest is not.
            }
        });
        self::assertSame(['create users ' . User::first()->id], $this->captured());
        self::assertSame('Bob', $this->newest()['name']);
    }

    public function testAWriteThatFailsAfterItsCaptureTakesTheCaptureWithIt(): void
    {
        User::saved(static function (): void {
            throw new \RuntimeException('a listener fails');
        });
        try {
            User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
            self::fail('the listener has failed');
        } catch (\RuntimeException) {
            self::assertSame([], $this->captured());
            self::assertSame(0, $this->database()->table('users')->count());
        }
    }

    public function testEveryWayInWhichARecordComesAndGoesIsCaptured(): void
    {
        $post = Post::create(['title' => 'One']);
        $post->delete();
        $post->restore();
        $post->forceDelete();
        self::assertSame(['create posts 1', 'delete posts 1', 'update posts 1', 'delete posts 1'], $this->captured());
        $this->forgetCaptured();
        $post = Post::create(['title' => 'Two', 'price' => 1]);
        $post->increment('price', 2);
        self::assertEquals(3, $this->newest()['price']);
        Post::destroy($post->id);
        self::assertSame(['create posts 2', 'update posts 2', 'delete posts 2'], $this->captured());
        Post::withTrashed()->find($post->id)->forceDelete();
        self::assertCount(3, $this->captured(), 'deleted for good is deleted as before');
    }

    public function testAChangedKeyIsAnotherRecord(): void
    {
        $session = Session::create(['id' => 'old', 'agent' => 'x']);
        $session->update(['id' => 'new']);
        self::assertSame(['create sessions old', 'delete sessions old', 'create sessions new'], $this->captured());
    }

    public function testPivotsAreRecordsOfTheirOwnByWhicheverMethodAndSide(): void
    {
        $post = Post::create(['title' => 'One']);
        $tags = [Tag::create(['name' => 'a']), Tag::create(['name' => 'b']), Tag::create(['name' => 'c'])];
        $this->sent();
        $post->tags()->attach($tags[0]->id, ['position' => 1]);
        self::assertSame(['post_id' => 1, 'tag_id' => 1, 'position' => 1], $this->newest());
        $post->tags()->attach([2 => ['position' => 2], 3 => ['position' => null]]);
        $post->tags()->updateExistingPivot(2, ['position' => 9]);
        self::assertSame(['create post_tag 1,1', 'create post_tag 1,2', 'create post_tag 1,3', 'update post_tag 1,2'], $this->captured());
        $this->sent();
        $post->tags()->sync([1 => ['position' => 1], 2 => ['position' => 5]]);
        self::assertEqualsCanonicalizing(['delete post_tag 1,3', 'update post_tag 1,2'], $this->captured());
        $this->sent();
        $post->tags()->toggle([1, 3]);
        self::assertEqualsCanonicalizing(['delete post_tag 1,1', 'create post_tag 1,3'], $this->captured());
        $this->sent();
        $tags[1]->posts()->detach();
        self::assertSame(['delete post_tag 1,2'], $this->captured(), 'from the other side');
        $this->sent();
        $this->database()->beginTransaction();
        $post->tags()->detach();
        $this->database()->rollBack();
        self::assertSame([], $this->captured());
    }

    public function testAPivotClassWithTheTraitIsNotCapturedTwice(): void
    {
        Models\Attachment::$calls = 0;
        $post = Models\PostWithPivotClass::create(['title' => 'One']);
        $tag = Tag::create(['name' => 'a']);
        $this->forgetCaptured();
        $post->tags()->attach($tag, ['position' => 1]);
        $post->tags()->updateExistingPivot($tag->id, ['position' => 2]);
        $post->tags()->detach();
        self::assertSame(['create post_tag 1,1', 'update post_tag 1,1', 'delete post_tag 1,1'], $this->captured());
        Models\Attachment::create(['post_id' => 1, 'tag_id' => 1]);
        self::assertSame('create post_tag 1,1', $this->captured()[3], 'written as a model');
    }

    public function testConditionsPublishAndTakeAway(): void
    {
        $draft = Models\Article::create(['title' => 'Draft']);
        self::assertSame([], $this->captured());
        $draft->update(['body' => 'still']);
        $draft->delete();
        $draft = Models\Article::create(['title' => 'Another draft']);
        $draft->unpublish();
        $draft->forceDelete();
        self::assertSame([], $this->captured(), 'nor are deletes of what nobody has');
        $article = Models\Article::create(['title' => 'News', 'published_at' => '2026-01-01 00:00:00']);
        $article->update(['published_at' => null]);
        $article->update(['body' => 'nobody sees it']);
        $article->update(['published_at' => '2026-02-01 00:00:00']);
        self::assertSame(['create posts 3', 'delete posts 3', 'update posts 3'], $this->captured());
    }

    public function testOfARecordThatNeverLeftNoDeleteIsCaptured(): void
    {
        User::withoutSyncing(static function (): void {
            User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
            Session::create(['id' => 'old', 'agent' => 'x']);
            Post::create(['title' => 'One'])->tags()->attach(Tag::create(['name' => 'a'])->id);
        });
        User::first()->delete();
        Post::first()->tags()->detach();
        self::assertSame([], $this->captured());
        Session::find('old')->update(['id' => 'new']);
        self::assertSame(['create sessions new'], $this->captured(), 'nor under its former key');
        Session::find('new')->delete();
        Session::find('new')?->delete();
        self::assertSame(['create sessions new', 'delete sessions new'], $this->captured(), 'what is about to be sent is known');
    }

    public function testDependentsAreCapturedByThemselvesAndAlongWhereThatIsAsked(): void
    {
        $this->useMembers();
        $user = Models\Member::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $this->forgetCaptured();
        Device::create(['owner_type' => 'user', 'owner_id' => $user->id, 'name' => 'phone']);
        self::assertSame(['create devices 1'], $this->captured(), 'the user is untouched');
        $this->database()->table('devices')->update(['name' => 'written by nobody']);
        $user->update(['name' => 'Ada L']);
        self::assertSame(['create devices 1', 'update users 1', 'update devices 1'], $this->captured());
        $user->update(['name' => 'Ada M']);
        self::assertSame('update users 1', $this->captured()[3], 'what has not changed is not captured again');
        self::assertCount(4, $this->captured());
    }

    public function testManualPublishingAndInSomebodysName(): void
    {
        $this->useMembers();
        $user = Models\Member::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $user->publishAs('did:plc:ada');
        self::assertSame('did:plc:ada', $this->newest()['acting_identity']);
        $user->republish();
        self::assertSame('ada@example.org', $this->newest()['acting_identity']);
        $user->unpublish();
        self::assertSame(['create users 1', 'update users 1', 'update users 1', 'delete users 1'], $this->captured());
        self::assertTrue($user->isPending());
        self::assertSame(1, $this->database()->table('users')->count());
    }

    public function testWithoutSyncingNothingIsCapturedAndAfterwardsItIs(): void
    {
        User::withoutSyncing(static fn () => User::create(['name' => 'Ada', 'email' => 'ada@example.org']));
        try {
            Sync::withoutSyncing(static fn () => throw new \RuntimeException('x'));
        } catch (\RuntimeException) {
            // It is on again all the same.
        }
        self::assertSame([], $this->captured());
        User::create(['name' => 'Bob', 'email' => 'bob@example.org']);
        self::assertSame(['create users 2'], $this->captured());
    }

    public function testWhatRaisesNoEventIsFoundByComparison(): void
    {
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $this->sent();
        $this->database()->table('users')->insert(['name' => 'Bob', 'email' => 'bob@example.org']);
        $this->database()->table('users')->where('id', 1)->update(['name' => 'Ada L']);
        (new User(['name' => 'Eve', 'email' => 'eve@example.org']))->saveQuietly();
        self::assertSame([], $this->captured());
        self::assertSame(3, User::sync());
        self::assertEqualsCanonicalizing(['update users 1', 'create users 2', 'create users 3'], $this->captured());
        self::assertSame(0, User::sync(), 'what waits already is not captured again');
        $this->sent();
        self::assertSame(0, User::sync());
        $this->database()->table('users')->delete();
        self::assertSame(3, User::sync());
        self::assertContains('delete users 2', $this->captured());
        $this->app->artisan('cognate:push', ['models' => ['User'], '--no-send' => true], $said);
        self::assertStringContainsString('users: 0 new, 0 changed, 0 gone', $said);
    }

    public function testPivotRowsThatRaiseNoEventAreFoundByComparison(): void
    {
        $post = Post::create(['title' => 'One']);
        Tag::create(['name' => 'a']);
        $this->database()->table('post_tag')->insert(['post_id' => 1, 'tag_id' => 1]);
        self::assertSame(1, $post->syncPivot('tags'));
        self::assertContains('create post_tag 1,1', $this->captured());
    }

    public function testACaptureThatCannotBeWrittenDoesNotBreakTheWrite(): void
    {
        $this->database()->getSchemaBuilder()->drop(Outbox::TABLE);
        $log = tempnam(sys_get_temp_dir(), 'log');
        $former = ini_set('error_log', $log);
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        ini_set('error_log', (string) $former);
        self::assertSame(1, $this->database()->table('users')->count());
        self::assertMatchesRegularExpression('/no such table: cognate_outbox|Table .*cognate_outbox. doesn\'t exist/', (string) file_get_contents($log));
        self::assertStringNotContainsString('ada@example.org', (string) file_get_contents($log));
        unlink($log);
    }

    public function testAClassOfAnotherPackageIsDescribedByTheConfiguration(): void
    {
        $this->app = $this->makeApp(['models' => [Models\Foreign::class => ['model' => 'guests', 'fields' => ['id', 'name', 'email'], 'hidden' => []]]]);
        \Cognate\Tests\Laravel\Support\Blog::create($this->database());
        $this->app->makeTables();
        Models\Foreign::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        self::assertSame(['create guests 1'], $this->captured());
        self::assertSame(['id', 'name', 'email'], array_keys($this->newest()));
    }

    public function testAReaderSaysWhatTravels(): void
    {
        $page = Models\Page::create(['title' => 'One', 'body' => 'two words']);
        self::assertSame(['title' => 'ONE', 'words' => 2, 'id' => 1], $this->newest());
        self::assertSame(1, $page->id);
    }

    public function testEachConnectionHasAnOutboxOfItsOwn(): void
    {
        $other = ['driver' => 'sqlite', 'database' => ':memory:'];
        $this->app = $this->makeApp(['models' => [User::class, Models\ElsewhereTag::class]], ['elsewhere' => $other]);
        \Cognate\Tests\Laravel\Support\Blog::create($this->database());
        \Cognate\Tests\Laravel\Support\Blog::create($this->app->manager->getConnection('elsewhere'));
        $this->app->makeTables();
        $this->database()->beginTransaction();
        Models\ElsewhereTag::create(['name' => 'kept']);
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $this->database()->rollBack();
        self::assertSame(0, $this->database()->table(Outbox::TABLE)->count());
        self::assertSame(1, $this->app->manager->getConnection('elsewhere')->table(Outbox::TABLE)->count());
    }

    public function testAJobIsQueuedAfterTheCommitAndNotForARollback(): void
    {
        $this->app = $this->makeApp(['send' => 'queue']);
        \Cognate\Tests\Laravel\Support\Blog::create($this->database());
        $this->app->makeTables();
        $queue = new Support\FakeQueue();
        $this->app->instance('queue', $queue);
        $this->database()->beginTransaction();
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        self::assertSame(0, $queue->pushed);
        $this->database()->rollBack();
        self::assertSame(0, $queue->pushed);
        $this->database()->transaction(static function (): void {
            User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
            User::create(['name' => 'Bob', 'email' => 'bob@example.org']);
        });
        self::assertSame(1, $queue->pushed);
    }

    public function testADefinitionThatCannotBeIsRefusedInWords(): void
    {
        $this->expectException(InvalidDefinition::class);
        $this->expectExceptionMessage('syncActingIdentity');
        $this->app = $this->makeApp(['capture_errors' => 'throw']);
        \Cognate\Tests\Laravel\Support\Blog::create($this->database());
        $this->app->makeTables();
        User::create(['name' => 'Ada', 'email' => 'ada@example.org'])->publishAs('x');
    }

    private function useMembers(): void
    {
        $this->app = $this->makeApp(['models' => [Models\Member::class, Device::class]]);
        \Cognate\Tests\Laravel\Support\Blog::create($this->database());
        $this->app->makeTables();
    }
}
