<?php

declare(strict_types=1);

// The demo of the Laravel package: two shops of bicycles, each with its own database and its own ids, and a hub between them.
// It makes a directory in the place for temporary files, and takes it away again.
require dirname(__DIR__) . '/tests/Laravel/Support/autoload.php';

use Cognate\Tests\Laravel\Models\Device;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Session;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\Pair;
use Cognate\Tests\Laravel\Support\Site;

$bold = stream_isatty(STDOUT) ? "\033[1m" : '';
$dim = stream_isatty(STDOUT) ? "\033[2m" : '';
$plain = stream_isatty(STDOUT) ? "\033[0m" : '';
$started = microtime(true);

$heading = static function (string $text) use ($bold, $plain): void {
    echo "\n$bold$text$plain\n";
};
$code = static function (string $text) use ($dim, $plain): void {
    echo "$dim  $text$plain\n";
};

/** @return list<list<string>> of a side: every record in words, with its id there */
$records = static function (Site $site): array {
    $database = $site->database();
    $users = $database->table('users')->orderBy('id')->get()->keyBy('id');
    $posts = $database->table('posts')->whereNull('deleted_at')->orderBy('id')->get()->keyBy('id');
    $tags = $database->table('tags')->orderBy('id')->get()->keyBy('id');
    $rows = [];
    foreach ($users as $user) {
        $rows["user $user->email"] = [(string) $user->id, $user->name];
    }
    foreach ($posts as $post) {
        $author = $users[$post->user_id]->name ?? '-';
        $rows["post $post->title"] = [(string) $post->id, 'by ' . $author . " (user_id $post->user_id), " . ($post->price === null ? 'no price' : number_format((float) $post->price, 2))];
    }
    foreach ($tags as $tag) {
        $rows["tag $tag->name"] = [(string) $tag->id, ''];
    }
    foreach ($database->table('post_tag')->get() as $pivot) {
        if (isset($posts[$pivot->post_id], $tags[$pivot->tag_id])) {
            $rows["pivot {$posts[$pivot->post_id]->title} + {$tags[$pivot->tag_id]->name}"] = ["$pivot->post_id,$pivot->tag_id", "position $pivot->position"];
        }
    }
    foreach ($database->table('sessions')->get() as $session) {
        $rows["session $session->id"] = [$session->id, 'of ' . ($users[$session->user_id]->name ?? '-') . " (user_id $session->user_id)"];
    }
    foreach ($database->table('devices')->orderBy('id')->get() as $device) {
        $owner = $device->owner_type === 'user' ? ($users[$device->owner_id]->name ?? '-') : ($posts[$device->owner_id]->title ?? '-');
        $rows["device $device->name"] = [(string) $device->id, "belongs to the $device->owner_type $owner (owner_id $device->owner_id)"];
    }
    return $rows;
};
$table = static function (Pair $pair) use ($records, $dim, $plain): void {
    $shop = $records($pair->shop);
    $blog = $records($pair->blog);
    $pad = static fn (string $text, int $width): string => $text . str_repeat(' ', max(0, $width - mb_strwidth($text)));
    $line = static fn (string $what, array $left, array $right): string => '  ' . $pad($what, 31) . $pad($left[0] ?? '', 10) . $pad($left[1] ?? '', 42) . $pad($right[0] ?? '', 11) . ($right[1] ?? '');
    echo $dim, $line('RECORD', ['ID', 'ON SHOP (SQLite)'], ['ID', 'ON BLOG (PostgreSQL)']), $plain, "\n";
    $order = ['user' => 0, 'post' => 1, 'tag' => 2, 'pivot' => 3, 'session' => 4, 'device' => 5];
    $names = array_keys($shop + $blog);
    usort($names, static fn (string $a, string $b): int => [$order[strtok($a, ' ')], $a] <=> [$order[strtok($b, ' ')], $b]);
    foreach ($names as $name) {
        echo $line($name, $shop[$name] ?? ['-'], $blog[$name] ?? ['-']), "\n";
    }
};

$heading('A hub, and two Laravel applications that know nothing of each other');
$pair = new Pair();
register_shutdown_function(static fn () => $pair->hub->remove());
echo "  shop keeps its records in SQLite, and its ids begin at 1; blog keeps them in PostgreSQL, and its ids begin at 5001.\n";
echo "  Their models have one line more: `use Syncable;`. Each application has one line of cron: cognate:work.\n";

$heading('Both write, as every application does');
$pair->shop->in(static function () use ($code): void {
    $code('shop> $ada = User::create([…]); $bike = Post::create([…]); $bike->tags()->attach($red, [\'position\' => 1]); …');
    $ada = User::create(['name' => 'Ada', 'email' => 'ada@example.org', 'password' => 'never leaves']);
    $bike = Post::create(['title' => 'Red bike', 'user_id' => $ada->id, 'price' => 120]);
    $bike->tags()->attach(Tag::create(['name' => 'red'])->id, ['position' => 1]);
    Session::create(['id' => 'sess-ada', 'user_id' => $ada->id, 'agent' => 'Firefox']);
    Device::create(['owner_type' => 'user', 'owner_id' => $ada->id, 'name' => 'phone']);
    Device::create(['owner_type' => 'post', 'owner_id' => $bike->id, 'name' => 'lamp']);
});
$pair->blog->in(static function () use ($code): void {
    $code('blog> $bob = User::create([…]); Post::create([…]); Tag::create([\'name\' => \'far\']); …');
    $bob = User::create(['name' => 'Bob', 'email' => 'bob@example.org']);
    $tour = Post::create(['title' => 'A tour', 'user_id' => $bob->id]);
    $tour->tags()->attach(Tag::create(['name' => 'far'])->id, ['position' => 7]);
});
echo "  Nothing has been sent: {$pair->shop->pending()} changes wait in the outbox of shop, {$pair->blog->pending()} in that of blog.\n\n";
$table($pair);

$heading('Cron comes by');
$workers = [$pair->shop->start('cognate:work', '--max-seconds=50', '--idle=0.1'), $pair->blog->start('cognate:work', '--max-seconds=50', '--idle=0.1')];
$wait = static function (string $what) use ($pair): void {
    $start = microtime(true);
    Eventually::is(static fn (): bool => $pair->isEqual(), $what, static fn (): string => $pair->difference());
    printf("  The same on both sides after %.1f s.\n\n", microtime(true) - $start);
};
$code('* * * * * php artisan cognate:work');
$wait('both sides are the same');
$table($pair);
echo "\n  Every reference points to the right record, under the ids of its own side: foreign keys, the pivot's pair, the polymorphic pair.\n";
echo "  Ada's password has stayed in shop: the model hides it.\n";

$heading('Both edit the same bicycle, and one deletes what the other looks at');
$code("shop> \$bike->update(['price' => 99]);            blog> \$bike->update(['body' => 'As new']); Post::find('A tour')->delete();");
$pair->shop->in(static fn () => Post::where('title', 'Red bike')->first()->update(['price' => 99]));
$wait('the edit has arrived');
$pair->blog->in(static function (): void {
    Post::where('title', 'Red bike')->first()->update(['body' => 'As new']);
    Post::where('title', 'A tour')->first()->delete();
});
$wait('the edits have arrived');
$table($pair);

$heading('No worker runs for a while; nobody notices');
foreach ($workers as $worker) {
    proc_terminate($worker);
    proc_close($worker);
}
$start = microtime(true);
$saves = $pair->shop->in(static function (): int {
    for ($i = 1; $i <= 200; $i++) {
        User::create(['name' => "Guest $i", 'email' => "guest$i@example.org"]);
    }
    return 200;
});
printf("  %d saves in shop, %.1f ms each, none of which asks the hub; %d changes wait.\n", $saves, (microtime(true) - $start) * 1000 / $saves, $pair->shop->pending());
$workers = [$pair->shop->start('cognate:work', '--max-seconds=50', '--idle=0.1'), $pair->blog->start('cognate:work', '--max-seconds=50', '--idle=0.1')];
$wait('all guests have arrived');
foreach ($workers as $worker) {
    proc_terminate($worker);
    proc_close($worker);
}
$pair->shop->in(static function () use ($pair, $code): void {
    $code('shop> php artisan cognate:status');
    $pair->shop->app->artisan('cognate:status', [], $said);
    echo preg_replace('/^/m', '  ', trim($said)), "\n";
});
printf("\n  %s on %d users, %.0f seconds in all. docs/laravel.md says how to do the same with an application of yours.\n", $pair->isEqual() ? 'Both sides agree' : 'THE SIDES DIFFER', count($pair->shop->content()['users']), microtime(true) - $started);
exit($pair->isEqual() ? 0 : 1);
