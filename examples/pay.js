// The payment page: Stripe's own fields, so that no card number comes near the shop.
const form = document.getElementById('payment');
const stripe = Stripe(form.dataset.key);
const elements = stripe.elements({ clientSecret: form.dataset.clientSecret });
elements.create('payment').mount('#card');
form.addEventListener('submit', async (event) => {
	event.preventDefault();
	form.querySelector('button').disabled = true;
	const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: new URL('/return', location).href } });
	document.getElementById('message').textContent = error.message; // declined: another card; if all is well, the browser has left
	form.querySelector('button').disabled = false;
});
